#include "sign.h"

#include <algorithm>

#include "passerelle/nnapi/traits.h"

namespace passerelle::passes {
namespace {

enum class Sign { non_negative, positive };

/// How far back operations are followed.
constexpr int longest_chain = 12;

bool constant_has(const Rewriter& r, OperandId id, Sign sign) {
  const Operand& operand = r.graph()[id];
  if (operand.type.type != OperandType::TENSOR_FLOAT32) return false;
  const std::vector<float> values = operand.constant->floats();
  return std::all_of(values.begin(), values.end(),
                     [&](float value) { return sign == Sign::positive ? value > 0 : value >= 0; });
}

bool has(const Rewriter& r, OperandId id, Sign sign, int depth);

bool has_relu(const Operation& operation) {
  return operation.activation() == nnapi::Activation::relu || operation.activation() == nnapi::Activation::relu6;
}

bool result_has(const Rewriter& r, const Operation& operation, Sign sign, int depth) {
  const auto input_has = [&](std::string_view name, Sign wanted) {
    return has(r, operation.operand(name), wanted, depth + 1);
  };
  if (sign == Sign::non_negative && has_relu(operation)) return true;
  switch (*operation.type) {
    case Op::RELU:
    case Op::RELU6:
    case Op::ABS:
    case Op::SQRT: return sign == Sign::non_negative;
    // Far below 0 it underflows.
    case Op::LOGISTIC: return sign == Sign::non_negative || input_has("input", Sign::non_negative);
    case Op::SOFTMAX: return sign == Sign::non_negative;
    case Op::EXP: return true;
    case Op::MEAN:
    case Op::REDUCE_SUM:
    case Op::AVERAGE_POOL_2D: return input_has("input", sign);
    case Op::ADD:
      if (operation.integer("activation") != 0) return false;
      return (input_has("input1", Sign::non_negative) && input_has("input2", sign)) ||
             (input_has("input1", sign) && input_has("input2", Sign::non_negative));
    case Op::MUL:
      if (operation.integer("activation") != 0) return false;
      if (operation.operand("input1") == operation.operand("input2") && sign == Sign::non_negative) return true;
      return input_has("input1", sign) && input_has("input2", sign);
    case Op::MAXIMUM: return input_has("input1", sign) || input_has("input2", sign);
    default: return nnapi::traits(*operation.type).elements == nnapi::Elements::kept && input_has("input", sign);
  }
}

bool has(const Rewriter& r, OperandId id, Sign sign, int depth) {
  if (r.graph().is_constant(id)) return constant_has(r, id, sign);
  const Operation* producer = depth < longest_chain ? r.producer(id) : nullptr;
  return producer && producer->type && result_has(r, *producer, sign, depth);
}

}  // namespace

bool is_non_negative(const Rewriter& r, OperandId id) { return has(r, id, Sign::non_negative, 0); }
bool is_positive(const Rewriter& r, OperandId id) { return has(r, id, Sign::positive, 0); }

bool is_nonzero(const Rewriter& r, OperandId id) {
  if (is_positive(r, id)) return true;
  const Operation* producer = r.producer(id);
  if (!producer) return false;
  if (producer->is(Op::NEG)) return is_positive(r, producer->operand("input"));
  if (!producer->is(Op::MUL) || producer->integer("activation") != 0) return false;
  const std::optional<float> factor = r.uniform_value(producer->operand("input2"));
  return factor && *factor != 0 && is_positive(r, producer->operand("input1"));
}

}  // namespace passerelle::passes
