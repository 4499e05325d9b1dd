// BATCH_MATMUL below feature level 6: each batch is a FULLY_CONNECTED whose weights are computed.
#include <utility>

#include "rewriter.h"

namespace passerelle::passes {
namespace {

/// More operations than this in the place of one help nobody.
constexpr uint32_t greatest_batch = 256;

/// The matrices [rows, columns] of [.., rows, columns], each transposed where asked.
std::vector<OperandId> matrices(Rewriter& r, const Operation& operation, const char* operand, bool transposed) {
  const OperandId value = operation.operand(operand);
  const Shape shape = r.shape(value);
  uint32_t rows = shape[shape.size() - 2], columns = shape.back();
  const auto count = static_cast<uint32_t>(graph::element_count(shape) / rows / columns);
  if (count == 1) {
    const OperandId matrix = r.reshape(value, {rows, columns});
    return {transposed ? r.transpose(matrix, {1, 0}) : matrix};
  }
  OperandId batches = r.reshape(value, {count, rows, columns});
  if (transposed) {
    batches = r.transpose(batches, {0, 2, 1});
    std::swap(rows, columns);
  }
  // One above the other they are split without a RESHAPE for each.
  const OperandId stacked = r.reshape(batches, {count * rows, columns});
  TensorType part = r.type(stacked);
  part.shape[0] = rows;
  Operation split = r.graph().make_operation(
      Op::SPLIT, {{"input", stacked}, {"axis", 0}, {"num_splits", static_cast<int32_t>(count)}},
      std::vector<TensorType>(count, part), operation.origin);
  const std::vector<OperandId> parts = split.outputs;
  r.editor().keep(std::move(split));
  return parts;
}

bool rewrite_batch_matmul(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  if (type.type != OperandType::TENSOR_FLOAT32) return false;
  const uint32_t rows = type.shape[type.shape.size() - 2], columns = type.shape.back();
  if (graph::element_count(type.shape) / rows / columns > greatest_batch) return false;

  const std::vector<OperandId> inputs = matrices(r, operation, "input1", operation.boolean("adj_x"));
  const std::vector<OperandId> weights = matrices(r, operation, "input2", !operation.boolean("adj_y"));
  const OperandId bias = r.graph().add_constant(Constant::filled(0, {columns}));
  std::vector<OperandId> products;
  for (size_t i = 0; i < inputs.size(); ++i)
    products.push_back(r.emit(Op::FULLY_CONNECTED, {{"input", inputs[i]}, {"weights", weights[i]}, {"bias", bias}},
                              {type.type, {rows, columns}, type.quantization}));
  const OperandId result = products.size() == 1 ? products.front() : r.concatenate(products, 0);
  r.replace(operation, r.reshape(result, type.shape));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::BATCH_MATMUL, Stage::before_layout, rewrite_batch_matmul},
};

}  // namespace

Span<const Rewrite> batch_matmul_rewrites() { return rewrites; }

}  // namespace passerelle::passes
