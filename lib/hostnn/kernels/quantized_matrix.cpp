// FULLY_CONNECTED and BATCH_MATMUL of quantized tensors, in 32-bit sums.
#include "quantized_weights.h"

namespace passerelle::hostnn {
namespace {

struct PreparedWeights : Prepared {
  PackedColumns columns;
  OutputStage stage;
};

std::unique_ptr<const Prepared> prepare_fully_connected(const Call& call) {
  const Tensor& weights = call.tensor(1);
  require(weights.dim() == 2 && weights.size(1) > 0, "weights must have the shape [units, inputs]");
  auto prepared = std::make_unique<PreparedWeights>();
  prepared->columns = packed_columns(weights, call.quantization(1).zero_point);
  prepared->stage = OutputStage(call, weights.size(0), &call.tensor(2), call.integer(3));
  return prepared;
}

/// Inputs of any rank are taken as rows of as many elements as the weights have columns.
Tensors fully_connected(const Call& call) {
  const auto& prepared = static_cast<const PreparedWeights&>(call.prepared());
  const int64_t columns = call.tensor(1).size(1);
  require(call.tensor(0).numel() % columns == 0, "the input can't be divided into rows of the weights' size");
  const Tensor input = call.tensor(0).reshape({call.tensor(0).numel() / columns, columns});
  Tensor result = empty_output(call, {input.size(0), prepared.columns.count()});
  store_product(integer_rows(input, call.quantization(0).zero_point), prepared.columns, prepared.stage,
                bytes_of(result));
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
    store_product(integer_rows(left[i], call.quantization(0).zero_point),
                  packed_columns(right[i], call.quantization(1).zero_point), stage,
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
