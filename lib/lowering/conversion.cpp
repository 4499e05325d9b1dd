#include "conversion.h"

#include <cmath>

#include "alternatives.h"
#include "passerelle/graph/half.h"
#include "passerelle/support/check.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

const trace::Value* find(Context& context, std::string_view name) {
  for (const auto& [key, value] : context.node().arguments)
    if (key == name) return &value;
  return nullptr;
}

graph::ElementType element_type(OperandType type) {
  switch (type) {
    case OperandType::TENSOR_FLOAT32: return graph::ElementType::float32;
    case OperandType::TENSOR_INT32: return graph::ElementType::int32;
    case OperandType::TENSOR_BOOL8: return graph::ElementType::bool8;
    default: return graph::ElementType::other;
  }
}

double nearest_half(double number) { return graph::half_to_float(graph::half_from_float(static_cast<float>(number))); }

/// The order in which types win when they meet.
int precedence(OperandType type) {
  switch (type) {
    case OperandType::TENSOR_BOOL8: return 0;
    case OperandType::TENSOR_INT32: return 1;
    default: return 2;
  }
}

}  // namespace

Value cast(Context& context, Value value, OperandType type) {
  TensorType output = value.type();
  if (output.type == type) return value;
  if (element_type(output.type) == graph::ElementType::other || element_type(type) == graph::ElementType::other)
    context.refuse(Reason::element_type, "it casts " + std::string(nnapi::name(output.type)) + " to " +
                                             std::string(nnapi::name(type)) + ", which NNAPI's CAST does not");
  if (value.is_constant()) return context.constant_operand(value.constant()->converted(element_type(type)));
  if (type == OperandType::TENSOR_BOOL8) return not_equal(value, filled(context, 0, output.type, {1}));
  if (output.type == OperandType::TENSOR_BOOL8)
    return select(context, value, filled(context, 1, type, output.shape), filled(context, 0, type, output.shape));
  return graph::cast(value, type);
}

OperandType argument_type(Context& context, std::string_view name) {
  if (context.is_tensor(name)) {
    std::optional<OperandType> type = operand_type(context.info(name).type);
    if (type) return *type;
    context.refuse(Reason::element_type,
                   "its argument " + std::string(name) + " has type " +
                       std::string(graph::name(context.info(name).type)) + ", which NNAPI lacks",
                   alternative_to(context.info(name).type));
  }
  const trace::Value* value = find(context, name);
  check(value != nullptr, "an argument whose type is asked for is in the schema");
  if (std::holds_alternative<bool>(value->data)) return OperandType::TENSOR_BOOL8;
  if (std::holds_alternative<int64_t>(value->data)) return OperandType::TENSOR_INT32;
  return OperandType::TENSOR_FLOAT32;
}

OperandType promoted(OperandType a, OperandType b) { return precedence(a) >= precedence(b) ? a : b; }

OperandType promoted(Context& context, std::string_view a, std::string_view b) {
  return promoted(argument_type(context, a), argument_type(context, b));
}

Value argument(Context& context, std::string_view name, OperandType type) {
  if (context.is_tensor(name)) {
    const Value value = cast(context, context.tensor(name), type);
    const bool is_half = context.info(name).type == graph::ElementType::float16;
    const bool rounds = type == OperandType::TENSOR_FLOAT32 && !is_half && context.computes_in_half();
    return rounds ? context.rounded_to_half(value) : value;
  }
  double number = context.number(name);
  if (type == OperandType::TENSOR_FLOAT32 && context.computes_in_half()) number = nearest_half(number);
  if (type == OperandType::TENSOR_INT32 && (number != std::floor(number) || std::abs(number) > 2147483647.0))
    context.refuse(Reason::element_type,
                   "its argument " + std::string(name) + " is a number that does not fit an int32 tensor");
  return filled(context, number, type, {1});
}

Value self_as_result(Context& context) { return cast(context, context.tensor("self"), context.result_type().type); }

Value select(Context& context, Value condition, Value where_true, Value where_false) {
  return graph::select(condition, where_true, where_false);
}

void refuse_narrow_integers(Context& context) {
  graph::ElementType type = context.result_info().type;
  if (type == graph::ElementType::uint8 || type == graph::ElementType::int8 || type == graph::ElementType::int16)
    context.refuse(Reason::element_type,
                   "it computes in " + std::string(graph::name(type)) +
                       ", which wraps around in PyTorch and has no counterpart in NNAPI",
                   "convert its operands with .int() or .float() first");
}

}  // namespace passerelle::lowering
