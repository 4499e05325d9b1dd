#include "rewrite_batch_matmul.h"

#include <utility>
#include <vector>

namespace passerelle::passes {
namespace {

/// More operations than this in the place of one help nobody.
constexpr uint32_t greatest_batch = 256;

/// The matrices [rows, columns] of [.., rows, columns], each transposed where asked.
std::vector<OperandId> matrices(Editor& editor, OperandId value, bool transposed, uint32_t origin) {
  const Shape shape = editor.graph().shape(value);
  uint32_t rows = shape[shape.size() - 2], columns = shape.back();
  const auto count = static_cast<uint32_t>(graph::element_count(shape) / rows / columns);
  if (count == 1) {
    const OperandId matrix = editor.reshape(value, {rows, columns});
    return {transposed ? editor.transpose(matrix, {1, 0}) : matrix};
  }
  OperandId batches = editor.reshape(value, {count, rows, columns});
  if (transposed) {
    batches = editor.transpose(batches, {0, 2, 1});
    std::swap(rows, columns);
  }
  // One above the other they are split without a RESHAPE for each.
  const OperandId stacked = editor.reshape(batches, {count * rows, columns});
  TensorType part = editor.graph().type(stacked);
  part.shape[0] = rows;
  Operation split = editor.graph().make_operation(
      Op::SPLIT, {{"input", stacked}, {"axis", 0}, {"num_splits", static_cast<int32_t>(count)}},
      std::vector<TensorType>(count, part), origin);
  const std::vector<OperandId> parts = split.outputs;
  editor.keep(std::move(split));
  return parts;
}

}  // namespace

bool rewrite_batch_matmul(Editor& editor, const Operation& operation) {
  const TensorType type = editor.graph().type(operation.output());
  if (type.type != OperandType::TENSOR_FLOAT32) return false;
  const uint32_t rows = type.shape[type.shape.size() - 2], columns = type.shape.back();
  if (graph::element_count(type.shape) / rows / columns > greatest_batch) return false;

  const std::vector<OperandId> inputs =
      matrices(editor, operation.operand("input1"), operation.boolean("adj_x"), operation.origin);
  const std::vector<OperandId> weights =
      matrices(editor, operation.operand("input2"), !operation.boolean("adj_y"), operation.origin);
  const OperandId bias = editor.graph().add_constant(Constant::filled(0, {columns}));
  std::vector<OperandId> products;
  for (size_t i = 0; i < inputs.size(); ++i)
    products.push_back(editor.emit(Op::FULLY_CONNECTED, {{"input", inputs[i]}, {"weights", weights[i]}, {"bias", bias}},
                                   {type.type, {rows, columns}, type.quantization}));
  OperandId result = products.front();
  if (products.size() > 1) {
    const auto all_rows = static_cast<uint32_t>(products.size()) * rows;
    result = editor.emit(Op::CONCATENATION, {{"inputs", products}, {"axis", 0}},
                         {type.type, {all_rows, columns}, type.quantization});
  }
  editor.replace(operation.output(), editor.reshape(result, type.shape));
  return true;
}

}  // namespace passerelle::passes
