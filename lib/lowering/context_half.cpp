// float16: computed as LibTorch does, in float32, and rounded.
#include <algorithm>
#include <functional>

#include "context.h"
#include "passerelle/graph/half.h"
#include "passerelle/nnapi/traits.h"

namespace passerelle::lowering {
namespace {

using trace::TensorId;

/// Whether its results are numbers that it has read, but for their signs.
bool moves(OperationType type) {
  const nnapi::Elements elements = nnapi::traits(type).elements;
  return elements != nnapi::Elements::computed;
}

}  // namespace

bool Context::computes_in_half() const {
  bool half = false, wider = false;
  const std::function<void(const trace::Value&)> look = [&](const trace::Value& value) {
    if (const TensorId* id = value.tensor()) {
      const trace::Tensor& tensor = trace_[*id];
      half |= tensor.type == graph::ElementType::float16;
      const bool is_wide = tensor.type == graph::ElementType::float32 || tensor.type == graph::ElementType::float64;
      wider |= is_wide && !tensor.shape.empty();  // without dimensions it counts as a number
    }
    if (const std::vector<trace::Value>* list = value.list())
      for (const trace::Value& element : *list) look(element);
  };
  for (const auto& argument : node_->arguments) look(argument.second);
  return half && !wider;
}

bool Context::keeps_halves() const {
  if (!computes_in_half()) return false;
  return std::all_of(graph_.operations.begin() + static_cast<std::ptrdiff_t>(first_operation_), graph_.operations.end(),
                     [](const graph::Operation& operation) { return operation.type && moves(*operation.type); });
}

Value Context::rounded_to_half(OperandId value) {
  if (!graph_.is_constant(value)) return widened(halved(value));
  std::vector<float> numbers = graph_[value].constant->floats();
  for (float& number : numbers) number = graph::half_to_float(graph::half_from_float(number));
  return constant_operand(Constant::from(std::move(numbers), shape(value)));
}

Value Context::widened(OperandId half) {
  const Value result = cast(value(half), OperandType::TENSOR_FLOAT32);
  half_of_.emplace(graph::index(result), half);
  return result;
}

Value Context::halved(OperandId value) {
  if (const auto known = half_of_.find(graph::index(value)); known != half_of_.end()) return this->value(known->second);
  return cast(this->value(value), OperandType::TENSOR_FLOAT16);
}

}  // namespace passerelle::lowering
