#include "rewriter.h"

#include <algorithm>

namespace passerelle::passes {

AroundAxis around(const Shape& shape, size_t axis) {
  AroundAxis parts;
  for (size_t i = 0; i < axis; ++i) parts.outer *= shape[i];
  parts.size = shape[axis];
  for (size_t i = axis + 1; i < shape.size(); ++i) parts.inner *= shape[i];
  return parts;
}

std::optional<float> Rewriter::uniform_value(OperandId id) const {
  const Operand& operand = editor_.graph()[id];
  if (!operand.constant || operand.type.type != OperandType::TENSOR_FLOAT32) return std::nullopt;
  if (operand.constant->size() == 0 || !operand.constant->is_uniform()) return std::nullopt;
  const Shape one(operand.constant->shape().size(), 1);
  Constant first = *operand.constant;
  for (size_t i = 0; i < one.size(); ++i) first = first.sliced(i, 0, 1);
  return first.floats().front();
}

const Operation* Rewriter::producer(OperandId id) const {
  const std::vector<Operation>& operations = editor_.graph().operations;
  for (; indexed_ < operations.size(); ++indexed_)
    for (OperandId output : operations[indexed_].outputs) {
      if (made_by_.size() <= index(output)) made_by_.resize(editor_.graph().operands.size());
      made_by_[index(output)] = indexed_;
    }
  if (index(id) >= made_by_.size() || made_by_[index(id)] >= operations.size()) return nullptr;
  // What stood there may have been taken back since.
  const Operation& candidate = operations[made_by_[index(id)]];
  const std::vector<OperandId>& made = candidate.outputs;
  return std::find(made.begin(), made.end(), id) != made.end() ? &candidate : nullptr;
}

OperandId Rewriter::scalar(float value, OperandId like) {
  Constant constant = Constant::filled(value, {1});
  if (type(like).type == OperandType::TENSOR_FLOAT16) constant = constant.converted(graph::ElementType::float16);
  return graph().add_constant(std::move(constant));
}

OperandId Rewriter::floats(std::vector<float> values, Shape shape) {
  return graph().add_constant(Constant::from(std::move(values), std::move(shape)));
}

OperandId Rewriter::negated(OperandId value) {
  if (!graph().is_constant(value) || !is_float(value)) return binary(Op::MUL, value, -1.0f);
  std::vector<float> numbers = graph()[value].constant->floats();
  for (float& number : numbers) number = -number;
  return floats(std::move(numbers), shape(value));
}

OperandId Rewriter::slice(OperandId value, size_t axis, uint32_t begin, uint32_t count, uint32_t step) {
  TensorType output = type(value);
  if (begin == 0 && count == output.shape[axis] && step == 1) return value;
  std::vector<int32_t> first(output.shape.size(), 0), strides(output.shape.size(), 1);
  first[axis] = static_cast<int32_t>(begin);
  strides[axis] = static_cast<int32_t>(step);
  std::vector<int32_t> end(output.shape.begin(), output.shape.end());
  output.shape[axis] = count;
  if (step == 1) {
    const std::vector<int32_t> size(output.shape.begin(), output.shape.end());
    return emit(Op::SLICE, {{"input", value}, {"begin", editor_.list(first)}, {"size", editor_.list(size)}},
                std::move(output));
  }
  end[axis] = static_cast<int32_t>(begin + (count - 1) * step + 1);
  return emit(Op::STRIDED_SLICE,
              {{"input", value},
               {"begin", editor_.list(first)},
               {"end", editor_.list(end)},
               {"strides", editor_.list(strides)},
               {"begin_mask", 0},
               {"end_mask", 0},
               {"shrink_axis_mask", 0}},
              std::move(output));
}

OperandId Rewriter::concatenate(const std::vector<OperandId>& values, size_t axis) {
  if (values.size() == 1) return values.front();
  TensorType output = type(values.front());
  output.shape[axis] = 0;
  for (OperandId value : values) output.shape[axis] += graph().shape(value)[axis];
  return emit(Op::CONCATENATION, {{"inputs", values}, {"axis", static_cast<int32_t>(axis)}}, std::move(output));
}

OperandId Rewriter::gather(OperandId value, size_t axis, const std::vector<int32_t>& indices) {
  TensorType output = type(value);
  output.shape[axis] = static_cast<uint32_t>(indices.size());
  return emit(Op::GATHER, {{"input", value}, {"axis", static_cast<int32_t>(axis)}, {"indices", editor_.list(indices)}},
              std::move(output));
}

OperandId Rewriter::repeat(OperandId value, size_t axis, uint32_t times) {
  if (times == 1) return value;
  Shape result = shape(value);
  const AroundAxis parts = around(result, axis);
  result[axis] *= times;
  // Broadcasting repeats: 1 times a number is that number.
  value = reshape(value, {parts.outer * parts.size, 1, parts.inner});
  value = broadcast(value, {parts.outer * parts.size, times, parts.inner});
  return reshape(value, result);
}

OperandId Rewriter::broadcast(OperandId value, const Shape& wanted) {
  Shape raised(wanted.size() - shape(value).size(), 1);
  for (uint32_t size : shape(value)) raised.push_back(size);
  if (graph().is_constant(value))
    value = graph().add_constant(graph()[value].constant->reshaped(raised), type(value).quantization);
  else
    value = reshape(value, raised);
  // One dimension after another, the innermost last: so each constant has one dimension, and what is repeated is small.
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (raised[i] == wanted[i]) continue;
    raised[i] = wanted[i];
    Shape along(wanted.size(), 1);
    along[i] = wanted[i];
    TensorType output = type(value);
    output.shape = raised;
    const OperandId ones = floats(std::vector<float>(wanted[i], 1.0f), along);
    value = emit(Op::MUL, {{"input1", value}, {"input2", ones}}, std::move(output));
  }
  return value;
}

OperandId Rewriter::pool(OperationType pool_type, OperandId nhwc, uint32_t height, uint32_t width) {
  TensorType output = type(nhwc);
  output.shape[1] /= height;
  output.shape[2] /= width;
  const auto rows = static_cast<int32_t>(height), columns = static_cast<int32_t>(width);
  return emit(pool_type,
              {{"input", nhwc},
               {"padding_left", 0},
               {"padding_right", 0},
               {"padding_top", 0},
               {"padding_bottom", 0},
               {"stride_width", columns},
               {"stride_height", rows},
               {"filter_width", columns},
               {"filter_height", rows}},
              std::move(output));
}

}  // namespace passerelle::passes
