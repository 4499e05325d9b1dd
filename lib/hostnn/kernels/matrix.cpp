// FULLY_CONNECTED and BATCH_MATMUL.
#include "kernels/image.h"

namespace passerelle::hostnn {
namespace {

/// Inputs of any rank are taken as rows of as many elements as the weights have columns.
Tensors fully_connected(const Call& call) {
  const Tensor& weights = call.tensor(1);
  require(weights.dim() == 2 && weights.size(1) > 0, "weights must have the shape [units, inputs]");
  const Tensor& input = call.tensor(0);
  require(input.numel() % weights.size(1) == 0, "the input can't be divided into rows of the weights' size");
  Tensor result =
      at::linear(input.reshape({input.numel() / weights.size(1), weights.size(1)}), weights, call.tensor(2));
  return {activate(result, call.integer(3))};
}

Tensors batch_matmul(const Call& call) {
  const auto operand = [&](size_t index) {
    const Tensor& matrix = call.tensor(index);
    require(matrix.dim() >= 2 && matrix.dim() <= 4, "a matrix must have rank 2 to 4");
    return call.boolean_or(index + 2, false) ? matrix.transpose(-2, -1) : matrix;
  };
  require(call.tensor(0).dim() == call.tensor(1).dim(), "matrices of different ranks");
  return {at::matmul(operand(0), operand(1))};
}

constexpr Row rows[] = {
    {OperationType::BATCH_MATMUL, batch_matmul, float32 | int32},
    {OperationType::FULLY_CONNECTED, fully_connected, float32 | zero_sized},
};

}  // namespace

Span<const Row> matrix_rows() { return rows; }

}  // namespace passerelle::hostnn
