// FULLY_CONNECTED and BATCH_MATMUL.
#include <algorithm>

#include "image.h"
#include "onednn.h"

namespace passerelle::hostnn {
namespace {

/// Weights [units, inputs] as 1×1 filters, and rows as pixels of one each.
struct PreparedWeights : Prepared {
  std::unique_ptr<const PackedConvolution> packed;
};

const Tensor& checked_weights(const Call& call) {
  const Tensor& weights = call.tensor(1);
  require(weights.dim() == 2 && weights.size(1) > 0, "weights must have the shape [units, inputs]");
  return weights;
}

std::unique_ptr<const Prepared> prepare_fully_connected(const Call& call) {
  auto prepared = std::make_unique<PreparedWeights>();
  const Tensor& weights = checked_weights(call);
  int64_t elements = 1;
  for (uint32_t size : call.declared_dimensions(0)) elements *= size;
  const bool is_known = !call.declared_dimensions(0).empty() && elements > 0;
  if (!is_known || !call.is_constant(1) || !call.is_constant(2) || elements % weights.size(1) != 0) return prepared;
  prepared->packed = PackedConvolution::pack(weights.reshape({weights.size(0), weights.size(1), 1, 1}), call.tensor(2),
                                             {}, {elements / weights.size(1), weights.size(1), 1, 1}, call.integer(3));
  return prepared;
}

/// Inputs of any rank are taken as rows of as many elements as the weights have columns.
Tensors fully_connected(const Call& call) {
  const auto& prepared = static_cast<const PreparedWeights&>(call.prepared());
  const Tensor& weights = checked_weights(call);
  const Tensor& input = call.tensor(0);
  require(input.numel() % weights.size(1) == 0, "the input can't be divided into rows of the weights' size");
  const int64_t count = input.numel() / weights.size(1);
  const Tensor pixels = input.reshape({count, weights.size(1), 1, 1});
  const int64_t activation = call.integer(3);
  if (prepared.packed && prepared.packed->fits(pixels))
    return {prepared.packed->run(pixels).reshape({count, weights.size(0)})};
  Tensor result = matrix_product(pixels.reshape({count, weights.size(1)}), weights.t()).add_(call.tensor(2));
  return {activate(result, activation)};
}

Tensors batch_matmul(const Call& call) {
  const auto operand = [&](size_t index) {
    const Tensor& matrix = call.tensor(index);
    require(matrix.dim() >= 2 && matrix.dim() <= 4, "a matrix must have rank 2 to 4");
    return call.boolean_or(index + 2, false) ? matrix.transpose(-2, -1) : matrix;
  };
  require(call.tensor(0).dim() == call.tensor(1).dim(), "matrices of different ranks");
  return {matrix_product(operand(0), operand(1))};
}

constexpr Row rows[] = {
    {OperationType::BATCH_MATMUL, batch_matmul, float32 | int32},
    {OperationType::FULLY_CONNECTED, fully_connected, float32 | zero_sized, prepare_fully_connected},
};

}  // namespace

Span<const Row> matrix_rows() { return rows; }

}  // namespace passerelle::hostnn
