// Arithmetic and activations, element by element.
//
// Rectifiers split a number in two parts of which one is 0, so that sums of them are exact: |x| = relu(x) + relu(-x). A
// clamp at a constant is a scaled RELU6, which rounds as a multiplication does.
#include <cmath>

#include "rewriter.h"

namespace passerelle::passes {
namespace {

constexpr int32_t fused_relu6 = 3;

/// relu(x) + relu(-x)
bool rewrite_abs(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!r.is_float(input)) return false;
  const OperandId positive = r.unary(Op::RELU, input);
  const OperandId negative = r.unary(Op::RELU, r.negated(input));
  r.replace(operation, r.binary(Op::ADD, positive, negative));
  return true;
}

bool rewrite_neg(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!r.is_float(input)) return false;
  r.replace(operation, r.negated(input));
  return true;
}

/// a + (-b)
bool rewrite_sub(Rewriter& r, const Operation& operation) {
  const OperandId a = operation.operand("input1"), b = operation.operand("input2");
  if (!r.is_float(operation.output())) return false;
  const Argument activation = operation.integer("activation");
  const TensorType type = r.type(operation.output());
  r.replace(operation, r.emit(Op::ADD, {{"input1", a}, {"input2", r.negated(b)}, {"activation", activation}}, type));
  return true;
}

/// x / c = x · (1 / c), which rounds once more.
bool rewrite_div_by_constant(Rewriter& r, const Operation& operation) {
  const OperandId divisor = operation.operand("input2");
  if (!r.is_float(divisor) || !r.graph().is_constant(divisor)) return false;
  std::vector<float> factors = r.graph()[divisor].constant->floats();
  for (float& factor : factors) {
    factor = 1 / factor;
    if (!std::isnormal(factor)) return false;
  }
  const Argument activation = operation.integer("activation");
  const OperandId reciprocals = r.floats(std::move(factors), r.shape(divisor));
  const TensorType type = r.type(operation.output());
  r.replace(
      operation,
      r.emit(Op::MUL, {{"input1", operation.operand("input1")}, {"input2", reciprocals}, {"activation", activation}},
             type));
  return true;
}

/// relu(x) - alpha · relu(-x)
bool rewrite_prelu(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input"), alpha = operation.operand("alpha");
  if (!r.is_float(input) || r.shape(operation.output()) != r.shape(input)) return false;
  const OperandId negative = r.unary(Op::RELU, r.negated(input));
  const OperandId share = r.binary(Op::MUL, negative, r.negated(alpha));
  r.replace(operation, r.binary(Op::ADD, r.unary(Op::RELU, input), share));
  return true;
}

// --- Bounds.

/// Between these a bound can be divided by, and divide, without overflow.
bool is_moderate(float bound) { return std::abs(bound) > 1e-30f && std::abs(bound) < 1e30f; }

bool is_never_negative(Rewriter& r, OperandId id) {
  const Operation* producer = r.producer(id);
  return producer && (producer->is(Op::RELU) || producer->is(Op::RELU6) || producer->is(Op::LOGISTIC));
}

/// min(relu(x), bound), for a bound over 0.
OperandId clamped_above_zero(Rewriter& r, OperandId x, float bound) {
  const OperandId sixths = r.unary(Op::RELU6, r.binary(Op::MUL, x, 6 / bound));
  return r.binary(Op::MUL, sixths, bound / 6);
}

/// max(x, bound); nothing where rectifiers would lose digits.
std::optional<OperandId> at_least(Rewriter& r, OperandId x, float bound) {
  if (bound == 0) return r.unary(Op::RELU, x);
  if (!is_moderate(bound)) return std::nullopt;
  // The result is at least the bound, so that the differences round no worse than it does.
  if (bound > 0) return r.binary(Op::ADD, r.unary(Op::RELU, r.binary(Op::ADD, x, -bound)), bound);
  if (is_never_negative(r, x)) return x;
  const OperandId below = r.unary(Op::RELU6, r.binary(Op::MUL, x, 6 / bound));
  return r.binary(Op::ADD, r.unary(Op::RELU, x), r.binary(Op::MUL, below, bound / 6));
}

/// min(x, bound)
std::optional<OperandId> at_most(Rewriter& r, OperandId x, float bound) {
  if (bound > 0 && is_moderate(bound) && is_never_negative(r, x)) return clamped_above_zero(r, x, bound);
  std::optional<OperandId> opposite = at_least(r, r.negated(x), -bound);
  if (!opposite) return std::nullopt;
  return r.negated(*opposite);
}

/// MAXIMUM or MINIMUM of a tensor and one number.
bool rewrite_bound(Rewriter& r, const Operation& operation) {
  OperandId x = operation.operand("input1"), other = operation.operand("input2");
  if (r.uniform_value(x)) std::swap(x, other);
  const std::optional<float> bound = r.uniform_value(other);
  if (!bound || r.graph().is_constant(x) || r.shape(x) != r.shape(operation.output())) return false;
  const bool maximum = operation.is(Op::MAXIMUM);
  if (*bound == (maximum ? -INFINITY : INFINITY)) {
    r.replace(operation, x);
    return true;
  }
  const std::optional<OperandId> result = maximum ? at_least(r, x, *bound) : at_most(r, x, *bound);
  if (result) r.replace(operation, *result);
  return result.has_value();
}

/// Both tensors beside each other, and a MAX_POOL_2D over the two: exact whatever they hold.
OperandId maximum(Rewriter& r, OperandId a, OperandId b, const Shape& shape) {
  const uint32_t channels = shape.empty() ? 1 : shape.back();
  const auto pixels = static_cast<uint32_t>(graph::element_count(shape) / channels);
  const Shape row{1, 1, pixels, channels};
  auto as_row = [&](OperandId value) { return r.reshape(r.broadcast(value, shape), row); };
  const OperandId pair = r.concatenate({as_row(a), as_row(b)}, 1);
  return r.reshape(r.pool(Op::MAX_POOL_2D, pair, 2, 1), shape);
}

bool rewrite_extremum(Rewriter& r, const Operation& operation) {
  const OperandId a = operation.operand("input1"), b = operation.operand("input2");
  const Shape shape = r.shape(operation.output());
  if (!r.is_float(operation.output()) || graph::element_count(shape) == 0) return false;
  if (operation.is(Op::MAXIMUM))
    r.replace(operation, maximum(r, a, b, shape));
  else
    r.replace(operation, r.negated(maximum(r, r.negated(a), r.negated(b), shape)));
  return true;
}

// --- Activations.

/// x · relu6(x + 3) / 6
bool rewrite_hard_swish(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const TensorType type = r.type(input);
  if (nnapi::is_quantized(type.type)) return false;
  const OperandId gate =
      r.emit(Op::ADD, {{"input1", input}, {"input2", r.scalar(3, input)}, {"activation", fused_relu6}}, type);
  r.replace(operation, r.binary(Op::MUL, input, r.binary(Op::MUL, gate, 1.0f / 6)));
  return true;
}

/// relu(x) + alpha · (exp(min(x, 0)) - 1)
OperandId elu_by_exponential(Rewriter& r, OperandId input, float alpha) {
  const OperandId negative = r.binary(Op::MINIMUM, input, 0.0f);
  const OperandId decayed = r.binary(Op::SUB, r.unary(Op::EXP, negative), 1.0f);
  return r.binary(Op::ADD, r.unary(Op::RELU, input), r.binary(Op::MUL, decayed, alpha));
}

/// With m = relu(-x): 1 - exp(-m) = tanh(m / 2) / logistic(m). Where there is no EXP.
OperandId elu_by_tangent(Rewriter& r, OperandId input, float alpha) {
  const OperandId magnitude = r.unary(Op::RELU, r.negated(input));
  const OperandId tangent = r.unary(Op::TANH, r.binary(Op::MUL, magnitude, 0.5f));
  const OperandId decay = r.binary(Op::DIV, tangent, r.unary(Op::LOGISTIC, magnitude));
  return r.binary(Op::ADD, r.unary(Op::RELU, input), r.binary(Op::MUL, decay, -alpha));
}

bool rewrite_elu(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const bool has_exponential = r.level() >= nnapi::introduced(Op::EXP);
  auto form = has_exponential ? elu_by_exponential : elu_by_tangent;
  r.replace(operation, form(r, input, operation.real("alpha")));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::ABS, Stage::before_layout, rewrite_abs},         {Op::DIV, Stage::before_layout, rewrite_div_by_constant},
    {Op::ELU, Stage::before_layout, rewrite_elu},         {Op::HARD_SWISH, Stage::before_layout, rewrite_hard_swish},
    {Op::MAXIMUM, Stage::before_layout, rewrite_bound},   {Op::MINIMUM, Stage::before_layout, rewrite_bound},
    {Op::NEG, Stage::before_layout, rewrite_neg},         {Op::PRELU, Stage::before_layout, rewrite_prelu},
    {Op::SUB, Stage::before_layout, rewrite_sub},         {Op::MAXIMUM, Stage::after_layout, rewrite_extremum},
    {Op::MINIMUM, Stage::after_layout, rewrite_extremum},
};

}  // namespace

Span<const Rewrite> elementwise_rewrites() { return rewrites; }

}  // namespace passerelle::passes
