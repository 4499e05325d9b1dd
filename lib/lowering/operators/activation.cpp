// Activations: functions of one tensor, element by element or normalised along one dimension.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// For operators of floating-point tensors that are one NNAPI operation.
template <OperationType operation>
void lower_unary(Context& context) {
  context.result(unary(operation, self_as_result(context)));
}

// --- Rectifiers and other clamps.

Value relu(Context& context, Value x) {
  if (x.is(OperandType::TENSOR_INT32)) return max(x, 0);
  return relu(x);
}

/// NNAPI's own operation for a range, where it has one.
std::optional<OperationType> clamp_operation(double lowest, double highest) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (lowest == 0 && highest == infinity) return Op::RELU;
  if (lowest == 0 && highest == 6) return Op::RELU6;
  if (lowest == -1 && highest == 1) return Op::RELU1;
  return std::nullopt;
}

Value clamp(Context& context, Value x, double lowest, double highest) {
  if (!x.is(OperandType::TENSOR_INT32))
    if (std::optional<OperationType> operation = clamp_operation(lowest, highest)) return unary(*operation, x);
  // In PyTorch's order: where the bounds cross, the upper one wins.
  if (!std::isinf(lowest)) x = max(x, lowest);
  if (!std::isinf(highest)) x = min(x, highest);
  return x;
}

void lower_relu(Context& context) { context.result(relu(context, self_as_result(context))); }

void lower_relu6(Context& context) { context.result(clamp(context, self_as_result(context), 0, 6)); }

void lower_hardtanh(Context& context) {
  context.result(clamp(context, self_as_result(context), context.number("min_val"), context.number("max_val")));
}

void lower_clamp(Context& context) {
  Value x = self_as_result(context);
  if (!context.is_tensor("min") && !context.is_tensor("max")) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return context.result(clamp(context, x, context.number_or("min", -infinity), context.number_or("max", infinity)));
  }
  OperandType type = x.element_type();
  if (!context.is_none("min")) x = max(x, argument(context, "min", type));
  if (!context.is_none("max")) x = min(x, argument(context, "max", type));
  context.result(x);
}

void lower_threshold(Context& context) {
  Value x = self_as_result(context);
  double threshold = context.number("threshold"), value = context.number("value");
  // Below the threshold everything becomes its value: a maximum, where the two are one number.
  if (threshold == 0 && value == 0) return context.result(relu(context, x));
  if (threshold == value) return context.result(max(x, value));
  Value above = greater(x, threshold);
  context.result(select(context, above, x, filled(context, value, x.element_type(), x.shape())));
}

// --- Rectifiers with a slope.

Value leaky(Context& context, Value x, double slope) { return prelu(x, slope); }

void lower_leaky_relu(Context& context) {
  context.result(leaky(context, self_as_result(context), context.number("negative_slope")));
}

void lower_rrelu(Context& context) {
  if (context.boolean("training"))
    context.refuse(Reason::nondeterministic, "in training mode its slopes are random", "call model.eval() first");
  context.result(leaky(context, self_as_result(context), (context.number("lower") + context.number("upper")) / 2));
}

void lower_prelu(Context& context) {
  Value x = context.tensor("self"), weight = context.tensor("weight");
  size_t rank = x.rank();
  if (graph::element_count(weight.shape()) != 1 && rank > 1) {
    // A slope for each channel: dimension 1.
    Shape shape(rank, 1);
    shape[1] = x.shape()[1];
    weight = reshape(weight, shape);
  } else {
    weight = reshape(weight, {1});
  }
  context.result(prelu(x, weight));
}

// --- Exponential units.

Value elu(Context& context, Value x, double alpha) { return graph::elu(x, static_cast<float>(alpha)); }

Value times(Context& context, Value x, double factor) { return factor == 1 ? x : x * factor; }

void lower_elu(Context& context) {
  Value x = self_as_result(context);
  double alpha = context.number("alpha"), scale = context.number("scale"), input_scale = context.number("input_scale");
  if (input_scale == 1) return context.result(times(context, elu(context, x, alpha), scale));
  // The input's scale is for the negative side alone.
  Value negative = min(times(context, x, input_scale), 0);
  Value sum = elu(context, negative, alpha) + relu(x);
  context.result(times(context, sum, scale));
}

void lower_selu(Context& context) {
  constexpr double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
  context.result(times(context, elu(context, self_as_result(context), alpha), scale));
}

void lower_celu(Context& context) {
  Value x = self_as_result(context);
  double alpha = context.number("alpha");
  context.result(times(context, elu(context, times(context, x, 1 / alpha), 1), alpha));
}

// --- Sigmoids and what is built on them.

void lower_hardsigmoid(Context& context) {
  Value x = self_as_result(context) + 3;
  context.result(relu6(x) * (1.0 / 6));
}

Value times_sigmoid(Context& context, Value x, Value gate) { return x * logistic(gate); }

void lower_silu(Context& context) {
  Value x = self_as_result(context);
  context.result(times_sigmoid(context, x, x));
}

void lower_glu(Context& context) {
  Value x = self_as_result(context);
  uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  uint32_t half = x.shape()[dimension] / 2;
  Values halves = split(context, x, dimension, {half, half});
  context.result(times_sigmoid(context, halves[0], halves[1]));
}

void lower_gelu(Context& context) {
  Value x = self_as_result(context);
  bool exact = !context.has("approximate") || context.string("approximate") == "none";
  if (exact) return context.result(gelu(x));
  // (1 + tanh(z)) / 2 is the sigmoid of 2 z.
  constexpr double twice_slope = 1.5957691216057308;  // 2 sqrt(2 / pi)
  Value cubic = square(x) * (twice_slope * 0.044715);
  Value gate = (cubic + twice_slope) * x;
  context.result(times_sigmoid(context, x, gate));
}

void lower_mish(Context& context) {
  Value x = self_as_result(context);
  // tanh(log(1 + e)) is n / (n + 2) with n = e (e + 2); beyond 20 it is 1.
  Value e = exp(min(x, 20));
  Value n = e * (e + 2);
  Value ratio = n / (n + 2);
  context.result(x * ratio);
}

void lower_softplus(Context& context) {
  Value x = self_as_result(context);
  double beta = context.number("beta"), threshold = context.number("threshold");
  Value scaled = times(context, x, beta);
  Value smooth = times(context, softplus(scaled), 1 / beta);
  // From here on softplus(z) and z are one number in float32.
  constexpr double linear = 17;
  if (threshold >= linear) return context.result(smooth);
  context.result(select(context, greater(scaled, threshold), x, smooth));
}

void lower_log_sigmoid(Context& context) {
  Value x = self_as_result(context);
  context.result(-softplus(-x));
}

// --- Shrinkage.

void lower_hardshrink(Context& context) {
  Value x = self_as_result(context);
  Value outside = greater(abs(x), context.number("lambd"));
  context.result(select(context, outside, x, filled(context, 0, x.element_type(), x.shape())));
}

void lower_softshrink(Context& context) {
  Value x = self_as_result(context);
  double lambda = context.number("lambd");
  context.result(x - clamp(context, x, -lambda, lambda));
}

// --- Normalised along a dimension.

template <Value function(Value, uint32_t, float)>
void lower_softmax(Context& context) {
  const uint32_t axis = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  context.result(function(self_as_result(context), axis, 1));
}

/// A row of minus infinities gives zeros.
void lower_safe_softmax(Context& context) {
  Value x = self_as_result(context);
  const uint32_t axis = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  Value counts = reduce(Op::REDUCE_ANY, not_equal(x, -INFINITY), {axis}, true);
  Value zeros = filled(context, 0, OperandType::TENSOR_FLOAT32, x.shape());
  context.result(chosen(context, counts, graph::softmax(x, axis), zeros, x.shape()));
}

/// As prelu's, but that the slopes' shape says which channel is whose.
void lower_prelu_kernel(Context& context) { context.result(prelu(context.tensor("self"), context.tensor("weight"))); }

constexpr Lowering table[] = {
    {"aten::relu", lower_relu, "RELU", ""},
    {"aten::relu6", lower_relu6, "RELU6", ""},
    {"aten::hardtanh", lower_hardtanh, "RELU1, RELU6, MAXIMUM, MINIMUM", ""},
    {"aten::clamp", lower_clamp, "RELU, RELU1, RELU6, MAXIMUM, MINIMUM", ""},
    {"aten::clip", lower_clamp, "RELU, RELU1, RELU6, MAXIMUM, MINIMUM", ""},
    {"aten::clamp_min", lower_clamp, "RELU, MAXIMUM", ""},
    {"aten::clamp_max", lower_clamp, "MINIMUM", ""},
    {"aten::threshold", lower_threshold, "RELU, MAXIMUM, GREATER, SELECT", ""},
    {"aten::leaky_relu", lower_leaky_relu, "PRELU", ""},
    {"aten::rrelu", lower_rrelu, "PRELU", "not in training mode"},
    {"aten::prelu", lower_prelu, "PRELU", ""},
    {"aten::_prelu_kernel", lower_prelu_kernel, "PRELU", ""},
    {"aten::elu", lower_elu, "ELU", ""},
    {"aten::selu", lower_selu, "ELU, MUL", ""},
    {"aten::celu", lower_celu, "ELU, MUL", ""},
    {"aten::sigmoid", lower_unary<Op::LOGISTIC>, "LOGISTIC", ""},
    {"aten::special_expit", lower_unary<Op::LOGISTIC>, "LOGISTIC", ""},
    {"aten::tanh", lower_unary<Op::TANH>, "TANH", ""},
    {"aten::hardsigmoid", lower_hardsigmoid, "ADD, RELU6, MUL", ""},
    {"aten::hardswish", lower_unary<Op::HARD_SWISH>, "HARD_SWISH", ""},
    {"aten::silu", lower_silu, "LOGISTIC, MUL", ""},
    {"aten::glu", lower_glu, "SPLIT, LOGISTIC, MUL", ""},
    {"aten::gelu", lower_gelu, "LOGISTIC, MUL, ADD", ""},
    {"aten::mish", lower_mish, "MINIMUM, EXP, ADD, MUL, DIV", ""},
    {"aten::softplus", lower_softplus, "ABS, EXP, LOG, RELU, ADD, SUB", ""},
    {"aten::log_sigmoid", lower_log_sigmoid, "ABS, EXP, LOG, RELU, ADD, SUB", ""},
    {"aten::hardshrink", lower_hardshrink, "ABS, GREATER, SELECT", ""},
    {"aten::softshrink", lower_softshrink, "MINIMUM, MAXIMUM, SUB", ""},
    {"aten::softmax", lower_softmax<graph::softmax>, "SOFTMAX", ""},
    {"aten::special_softmax", lower_softmax<graph::softmax>, "SOFTMAX", ""},
    {"aten::_softmax", lower_softmax<graph::softmax>, "SOFTMAX", ""},
    {"aten::_safe_softmax", lower_safe_softmax, "SOFTMAX, NOT_EQUAL, REDUCE_ANY, SELECT", ""},
    {"aten::log_softmax", lower_softmax<graph::log_softmax>, "LOG_SOFTMAX", ""},
    {"aten::special_log_softmax", lower_softmax<graph::log_softmax>, "LOG_SOFTMAX", ""},
    {"aten::_log_softmax", lower_softmax<graph::log_softmax>, "LOG_SOFTMAX", ""},
};

}  // namespace

Span<const Lowering> activation_lowerings() { return table; }

}  // namespace passerelle::lowering
