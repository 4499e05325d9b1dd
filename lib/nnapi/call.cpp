#include "call.h"

#include <cstring>

namespace passerelle::nnapi {

Call::Call(const Signature& signature, OperandType type, Span<const OperandView> inputs,
           Span<const OperandView> outputs)
    : signature_(signature),
      type_(type),
      inputs_(inputs),
      outputs_(outputs),
      parameters_(assign(signature.inputs, inputs.size())),
      legality_{introduced(signature.operation), {}} {}

const OperandView* Call::input(std::string_view wanted) const {
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i]->name == wanted) return inputs_[i].omitted ? nullptr : &inputs_[i];
  return nullptr;
}

Sizes Call::sizes(std::string_view name) const {
  const OperandView* operand = input(name);
  return operand ? operand->dimensions.to_vector() : Sizes();
}

std::optional<int32_t> Call::integer(std::string_view name) const {
  const OperandView* operand = input(name);
  return operand ? integer_value(*operand) : std::nullopt;
}

std::optional<bool> Call::boolean(std::string_view name) const {
  const OperandView* operand = input(name);
  if (!operand || operand->type != OperandType::BOOL || !operand->value || operand->value_size != 1)
    return std::nullopt;
  return *static_cast<const unsigned char*>(operand->value) != 0;
}

std::optional<std::vector<int32_t>> Call::integers(std::string_view name) const {
  const OperandView* operand = input(name);
  if (!operand || operand->type != OperandType::TENSOR_INT32 || !operand->value) return std::nullopt;
  std::vector<int32_t> values(operand->value_size / sizeof(int32_t));
  if (!values.empty()) std::memcpy(values.data(), operand->value, values.size() * sizeof(int32_t));
  return values;
}

std::optional<float> Call::real(std::string_view name) const {
  const OperandView* operand = input(name);
  if (!operand || operand->type != OperandType::FLOAT32 || !operand->value || operand->value_size != sizeof(float))
    return std::nullopt;
  float value = 0;
  std::memcpy(&value, operand->value, sizeof(value));
  return value;
}

void Call::require(bool condition, const std::string& reason) {
  if (!condition && legality_) legality_ = {0, reason};
}

void Call::needs(FeatureLevel level, const std::string& what) {
  if (!legality_ || level <= legality_.level) return;
  legality_ = {level, what + " needs " + std::string(feature_level_name(level))};
}

std::optional<int32_t> integer_value(const OperandView& operand) {
  if (operand.type != OperandType::INT32 || !operand.value || operand.value_size != sizeof(int32_t))
    return std::nullopt;
  int32_t value = 0;
  std::memcpy(&value, operand.value, sizeof(value));
  return value;
}

std::vector<const Parameter*> assign(const std::vector<Parameter>& parameters, size_t count) {
  std::vector<const Parameter*> assigned;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (assigned.size() == count && parameter.stop_before) return assigned;
    size_t times = 1;
    if (parameter.repeated) {  // it takes all but those behind it
      size_t others = assigned.size() + parameters.size() - i - 1;
      if (count < others + parameter.lowest_count) return {};
      times = count - others;
    }
    assigned.insert(assigned.end(), times, &parameter);
  }
  if (assigned.size() != count) return {};
  return assigned;
}

std::string shape_text(Span<const uint32_t> sizes) {
  std::string text;
  for (uint32_t size : sizes) {
    if (!text.empty()) text += 'x';
    text += size == 0 ? "?" : std::to_string(size);
  }
  return text;
}

}  // namespace passerelle::nnapi
