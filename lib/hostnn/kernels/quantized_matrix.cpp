// FULLY_CONNECTED and BATCH_MATMUL of quantized tensors, in 32-bit sums.
#include "kernels/quantized_weights.h"

namespace passerelle::hostnn {
namespace {

struct PreparedWeights : Prepared {
  IntegerRows rows;
};

std::unique_ptr<const Prepared> prepare_fully_connected(const Call& call) {
  const Tensor& weights = call.tensor(1);
  require(weights.dim() == 2 && weights.size(1) > 0, "weights must have the shape [units, inputs]");
  auto prepared = std::make_unique<PreparedWeights>();
  prepared->rows = integer_rows(weights, call.quantization(1).zero_point);
  return prepared;
}

/// [rows of `a`, rows of `b`] as output 0's integers.
void multiply(const IntegerRows& a, const IntegerRows& b, const OutputStage& stage, uint8_t* result) {
  std::vector<int32_t> sums(a.count * b.count);
  multiply_rows(a.data.data(), a.inner, a.count, b.data.data(), b.count, a.inner, sums.data());
  for (int64_t row = 0; row < a.count; ++row)
    stage.store(sums.data() + row * b.count, 0, b.count, result + row * b.count);
}

/// Inputs of any rank are taken as rows of as many elements as the weights have columns.
Tensors fully_connected(const Call& call) {
  const IntegerRows& weights = static_cast<const PreparedWeights&>(call.prepared()).rows;
  const int64_t columns = call.tensor(1).size(1);
  require(call.tensor(0).numel() % columns == 0, "the input can't be divided into rows of the weights' size");
  const Tensor input = call.tensor(0).reshape({call.tensor(0).numel() / columns, columns});
  Tensor result = empty_output(call, {input.size(0), weights.count});
  const OutputStage stage(call, weights.count, &call.tensor(2), call.integer(3));
  multiply(integer_rows(input, call.quantization(0).zero_point), weights, stage, bytes_of(result));
  return {result};
}

Tensors batch_matmul(const Call& call) {
  require(call.tensor(0).dim() == call.tensor(1).dim() && call.tensor(0).dim() >= 2 && call.tensor(0).dim() <= 4,
          "two matrices of the same rank, 2 to 4, are needed");
  const Tensor a = call.boolean_or(2, false) ? call.tensor(0).transpose(-2, -1) : call.tensor(0);
  const Tensor b_columns = call.boolean_or(3, false) ? call.tensor(1) : call.tensor(1).transpose(-2, -1);
  require(a.size(-1) == b_columns.size(-1), "the matrices' inner sizes differ");
  std::vector<int64_t> shape = a.sizes().vec();
  shape.back() = b_columns.size(-2);
  std::vector<int64_t> b_shape = b_columns.sizes().vec();
  for (size_t i = 0; i + 2 < shape.size(); ++i) require(shape[i] == b_shape[i], "different numbers of matrices");
  Tensor result = empty_output(call, shape);
  const OutputStage stage(call, shape.back(), nullptr, ANEURALNETWORKS_FUSED_NONE);
  const Tensor left = a.reshape({-1, a.size(-2), a.size(-1)});
  const Tensor right = b_columns.reshape({-1, b_columns.size(-2), b_columns.size(-1)});
  for (int64_t i = 0; i < left.size(0); ++i) {
    multiply(integer_rows(left[i], call.quantization(0).zero_point),
             integer_rows(right[i], call.quantization(1).zero_point), stage,
             bytes_of(result) + i * left.size(1) * right.size(1));
  }
  return {result};
}

constexpr Row rows[] = {
    {OperationType::BATCH_MATMUL, batch_matmul, quant8},
    {OperationType::FULLY_CONNECTED, fully_connected, quant8 | int32 | zero_sized, prepare_fully_connected},
};

}  // namespace

Span<const Row> quantized_matrix_rows() { return rows; }

}  // namespace passerelle::hostnn
