// A node's arguments, by their names in the operator's schema.
#include <cmath>
#include <limits>
#include <sstream>

#include "alternatives.h"
#include "context.h"
#include "passerelle/support/check.h"

namespace passerelle::lowering {

using trace::TensorId;

const trace::Value* Context::find(std::string_view name) const {
  for (const auto& [key, value] : node_->arguments)
    if (key == name) return &value;
  return nullptr;
}

const trace::Value& Context::require(std::string_view name) const {
  const trace::Value* value = find(name);
  if (!value || value->is_none()) refuse(Reason::argument, "its argument " + std::string(name) + " is missing");
  return *value;
}

bool Context::has(std::string_view name) const { return find(name) != nullptr; }

bool Context::is_none(std::string_view name) const {
  const trace::Value* value = find(name);
  return !value || value->is_none();
}

bool Context::is_tensor(std::string_view name) const {
  const trace::Value* value = find(name);
  return value && value->tensor();
}

void Context::require_float32(const trace::Tensor& tensor) const {
  if (tensor.type != graph::ElementType::float64 || !tensor.constant) return;
  std::vector<double> values(tensor.constant->size());
  tensor.constant->copy_to(values.data());
  for (double value : values) require_float32(value);
}

void Context::require_float32(double value) const {
  if (!std::isfinite(value) || std::isfinite(static_cast<float>(value))) return;
  std::ostringstream text;
  text << "it computes in float64 with the constant " << value << ", which does not fit NNAPI's float32";
  refuse(Reason::element_type, text.str());
}

Value Context::operand(TensorId id) {
  std::optional<OperandId>& known = operands_[static_cast<uint32_t>(id)];
  if (known) return value(*known);
  const trace::Tensor& tensor = trace_[id];
  check(tensor.constant.has_value(), "a tensor that is read was made by an earlier node");
  std::optional<OperandType> type = operand_type(tensor.type);
  if (!type)
    refuse(Reason::element_type,
           "it reads a constant of type " + std::string(graph::name(tensor.type)) + ", which NNAPI lacks",
           alternative_to(tensor.type));
  Constant constant = *tensor.constant;
  if (*type == OperandType::TENSOR_INT32 && tensor.type != graph::ElementType::int32) {
    if (tensor.type == graph::ElementType::int64)
      for (int64_t value : constant.integers())
        if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max())
          refuse(Reason::element_type,
                 "it reads the int64 constant " + std::to_string(value) + ", which does not fit NNAPI's 32 bits");
    constant = constant.converted(graph::ElementType::int32);
  }
  require_float32(tensor);
  if (*type == OperandType::TENSOR_FLOAT32) constant = constant.converted(graph::ElementType::float32);
  if (constant.shape().empty()) constant = constant.reshaped({1});
  const Value made = builder_.constant(std::move(constant), tensor.quantization);
  known = made;
  return made;
}

Value Context::tensor(std::string_view name) {
  const trace::Value& value = require(name);
  if (const TensorId* id = value.tensor()) return operand(*id);
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a tensor");
}

Values Context::tensors(std::string_view name) {
  const trace::Value& value = require(name);
  const std::vector<trace::Value>* list = value.list();
  if (!list) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of tensors");
  Values result;
  for (const trace::Value& element : *list) {
    const TensorId* id = element.tensor();
    if (!id) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of tensors");
    result.push_back(operand(*id));
  }
  return result;
}

int64_t Context::integer(std::string_view name) const {
  const trace::Value& value = require(name);
  if (const auto* number = std::get_if<int64_t>(&value.data)) return *number;
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? 1 : 0;
  if (value.tensor()) {
    Constant known = required_constant(name);
    if (known.size() == 1) return known.integers().front();
  }
  refuse(Reason::argument, "its argument " + std::string(name) + " is not an integer");
}

int64_t Context::integer_or(std::string_view name, int64_t otherwise) const {
  return is_none(name) ? otherwise : integer(name);
}

double Context::number(std::string_view name) const {
  const trace::Value& value = require(name);
  if (const auto* number = std::get_if<double>(&value.data)) return *number;
  if (const auto* number = std::get_if<int64_t>(&value.data)) return static_cast<double>(*number);
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? 1 : 0;
  if (value.tensor()) {
    Constant known = required_constant(name);
    if (known.size() == 1) {
      double result;
      known.converted(graph::ElementType::float64).copy_to(&result);
      return result;
    }
  }
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a number");
}

double Context::number_or(std::string_view name, double otherwise) const {
  return is_none(name) ? otherwise : number(name);
}

bool Context::boolean(std::string_view name) const {
  const trace::Value& value = require(name);
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
  if (const auto* number = std::get_if<int64_t>(&value.data)) return *number != 0;
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a bool");
}

std::string Context::string(std::string_view name) const {
  const trace::Value& value = require(name);
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a string");
}

std::vector<int64_t> Context::integers(std::string_view name) const {
  const trace::Value& value = require(name);
  const std::vector<trace::Value>* list = value.list();
  if (!list) return {integer(name)};
  std::vector<int64_t> result;
  for (const trace::Value& element : *list) {
    const auto* number = std::get_if<int64_t>(&element.data);
    if (!number) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of integers");
    result.push_back(*number);
  }
  return result;
}

std::vector<int64_t> Context::integers(std::string_view name, size_t count) const {
  std::vector<int64_t> result = integers(name);
  if (result.size() == 1) result.resize(count, result.front());
  if (result.size() != count)
    refuse(Reason::argument, "its argument " + std::string(name) + " has " + std::to_string(result.size()) +
                                 " numbers instead of " + std::to_string(count));
  return result;
}

std::vector<double> Context::numbers(std::string_view name) const {
  const trace::Value& value = require(name);
  const std::vector<trace::Value>* list = value.list();
  if (!list) return {number(name)};
  std::vector<double> result;
  for (const trace::Value& element : *list) {
    if (const auto* real = std::get_if<double>(&element.data))
      result.push_back(*real);
    else if (const auto* integral = std::get_if<int64_t>(&element.data))
      result.push_back(static_cast<double>(*integral));
    else
      refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of numbers");
  }
  return result;
}

std::optional<Constant> Context::constant(std::string_view name) const {
  const trace::Value* value = find(name);
  if (!value || !value->tensor()) return std::nullopt;
  const trace::Tensor& tensor = trace_[*value->tensor()];
  require_float32(tensor);
  return tensor.constant;
}

Constant Context::required_constant(std::string_view name) const {
  std::optional<Constant> known = constant(name);
  if (!known)
    refuse(Reason::argument,
           "its argument " + std::string(name) + " is computed from the input; it must be a constant");
  return *known;
}

const trace::Tensor& Context::info(std::string_view name) const {
  const trace::Value& value = require(name);
  if (const TensorId* id = value.tensor()) return trace_[*id];
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a tensor");
}

const std::vector<trace::Value>& Context::list(std::string_view name) const {
  const std::vector<trace::Value>* list = require(name).list();
  if (!list) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list");
  return *list;
}

}  // namespace passerelle::lowering
