// Activations of quantized tensors whose results have a scale of their own.
#include <limits>

#include "families.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

Value self(Context& c) {
  for (const char* name : {"self", "qx", "input"})
    if (c.has(name)) return c.tensor(name);
  return c.tensor("self");
}

/// One operation, whatever the scale of its result.
template <OperationType operation>
void lower_unary(Context& c) {
  c.result(unary(operation, self(c)).at(c.result_type().quantization));
}

/// relu6(x + 3) in steps of a sixth of the result's: the product with 1/6 is then a copy.
void lower_hardsigmoid(Context& c) {
  const Value x = self(c);
  const TensorType result = c.result_type();
  const bool is_signed = result.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  graph::Quantization sixths;
  sixths.scale = 6.0f / 256;
  sixths.zero_point = is_signed ? -128 : 0;
  const Value sum = (x + quantized_scalar(c, 3, x)).at(sixths);
  const Value clamped = relu6(sum);
  c.result((clamped * quantized_scalar(c, 1.0 / 6, x)).at(result.quantization));
}

void lower_relu6(Context& c) { c.result(relu6(self(c))); }

void lower_clamp(Context& c) {
  Value x = self(c);
  if (!c.is_none("min")) x = max(x, c.number("min"));
  if (!c.is_none("max")) x = min(x, c.number("max"));
  c.result(x);
}

void lower_leaky_relu(Context& c) {
  const Value x = self(c);
  const Value slope = quantized_scalar(c, c.number("negative_slope"), x);
  c.result(prelu(x, slope).at(c.result_type().quantization));
}

void lower_softmax(Context& c) {
  const Value x = self(c);
  c.result(softmax(x, Context::dimension(c.integer("dim"), x.rank())).at(c.result_type().quantization));
}

void lower_dropout(Context& c) { c.result(self(c)); }

constexpr Lowering table[] = {
    {"quantized::hardswish", lower_unary<Op::HARD_SWISH>, "HARD_SWISH; below API 30: ADD, MUL, or CAST, GATHER", ""},
    {"quantized::sigmoid", lower_unary<Op::LOGISTIC>, "LOGISTIC, ADD", ""},
    {"quantized::leaky_relu", lower_leaky_relu, "PRELU", ""},
    {"quantized::relu6", lower_relu6, "RELU6", ""},
    {"quantized::clamp", lower_clamp, "MAXIMUM, MINIMUM", ""},
    {"quantized::softmax", lower_softmax, "SOFTMAX, ADD", ""},
    {"quantized::dropout", lower_dropout, "nothing", "in training mode"},
};

constexpr Lowering of_aten[] = {
    {"aten::sigmoid", lower_unary<Op::LOGISTIC>, "LOGISTIC", ""},
    {"aten::tanh", lower_unary<Op::TANH>, "TANH", ""},
    {"aten::hardsigmoid", lower_hardsigmoid, "ADD, MUL", ""},
    {"aten::hardswish", lower_unary<Op::HARD_SWISH>, "HARD_SWISH", ""},
};

}  // namespace

Span<const Lowering> quantized_activation_lowerings() { return table; }
Span<const Lowering> quantized_activations_of_aten() { return of_aten; }

}  // namespace passerelle::lowering
