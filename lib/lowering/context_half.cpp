// float16: computed as LibTorch does, in float32, and rounded.
#include <algorithm>
#include <functional>

#include "context.h"
#include "passerelle/graph/half.h"

namespace passerelle::lowering {
namespace {

using trace::TensorId;
using trace::Value;

/// Whether its results are numbers that it has read.
bool moves(OperationType type) {
  switch (type) {
    case Op::ABS:
    case Op::CHANNEL_SHUFFLE:
    case Op::CONCATENATION:
    case Op::DEPTH_TO_SPACE:
    case Op::EXPAND_DIMS:
    case Op::GATHER:
    case Op::MAX_POOL_2D:
    case Op::NEG:
    case Op::PAD:
    case Op::REDUCE_MAX:
    case Op::REDUCE_MIN:
    case Op::RELU:
    case Op::RESHAPE:
    case Op::SLICE:
    case Op::SPACE_TO_DEPTH:
    case Op::SPLIT:
    case Op::STRIDED_SLICE:
    case Op::TILE:
    case Op::TRANSPOSE: return true;
    default: return false;
  }
}

}  // namespace

bool Context::computes_in_half() const {
  bool half = false, wider = false;
  const std::function<void(const Value&)> look = [&](const Value& value) {
    if (const TensorId* id = value.tensor()) {
      const trace::Tensor& tensor = trace_[*id];
      half |= tensor.type == graph::ElementType::float16;
      const bool is_wide = tensor.type == graph::ElementType::float32 || tensor.type == graph::ElementType::float64;
      wider |= is_wide && !tensor.shape.empty();  // without dimensions it counts as a number
    }
    if (const std::vector<Value>* list = value.list())
      for (const Value& element : *list) look(element);
  };
  for (const auto& argument : node_->arguments) look(argument.second);
  return half && !wider;
}

bool Context::keeps_halves() const {
  if (!computes_in_half()) return false;
  return std::all_of(graph_.operations.begin() + static_cast<std::ptrdiff_t>(first_operation_), graph_.operations.end(),
                     [](const graph::Operation& operation) { return operation.type && moves(*operation.type); });
}

OperandId Context::rounded_to_half(OperandId value) {
  if (!graph_.is_constant(value)) return widened(halved(value));
  std::vector<float> numbers = graph_[value].constant->floats();
  for (float& number : numbers) number = graph::half_to_float(graph::half_from_float(number));
  return constant_operand(Constant::from(std::move(numbers), shape(value)));
}

OperandId Context::widened(OperandId half) {
  TensorType output = type(half);
  output.type = OperandType::TENSOR_FLOAT32;
  const OperandId value = emit(Op::CAST, {{"input", half}}, std::move(output));
  half_of_.emplace(graph::index(value), half);
  return value;
}

OperandId Context::halved(OperandId value) {
  if (const auto known = half_of_.find(graph::index(value)); known != half_of_.end()) return known->second;
  if (graph_.is_constant(value))
    return constant_operand(graph_[value].constant->converted(graph::ElementType::float16));
  TensorType output = type(value);
  output.type = OperandType::TENSOR_FLOAT16;
  return emit(Op::CAST, {{"input", value}}, std::move(output));
}

}  // namespace passerelle::lowering
