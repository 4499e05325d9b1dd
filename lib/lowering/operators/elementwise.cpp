// Arithmetic, element by element, with NumPy's broadcasting and PyTorch's promotion of types.
#include <cmath>
#include <cstdint>
#include <string>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// For operators of one tensor that are one NNAPI operation. Integers become what PyTorch makes of them.
template <OperationType operation>
void lower_unary(Context& context) {
  context.result(unary(operation, self_as_result(context)));
}

/// For operators of one tensor that are a function of arithmetic.h.
template <Value function(Value)>
void lower_function(Context& context) {
  context.result(function(self_as_result(context)));
}

Value times(Context& context, Value x, double factor) {
  if (factor == 1) return x;
  bool real_constant = x.is_constant() && x.is(OperandType::TENSOR_FLOAT32);
  if (!real_constant) return x * factor;
  const Constant constant = *x.constant();
  std::vector<float> factors(constant.shape().front(), static_cast<float>(factor));
  return context.constant_operand(constant.scaled(0, std::move(factors)));
}

struct Pair {
  Value self;
  Value other;
};

/// The arguments "self" and "other" in the type of the result.
Pair operands(Context& context) {
  refuse_narrow_integers(context);
  OperandType type = context.result_type().type;
  return {argument(context, "self", type), argument(context, "other", type)};
}

bool is_integer(Context& context, Value x) { return x.is(OperandType::TENSOR_INT32); }
bool is_boolean(Context& context, Value x) { return x.is(OperandType::TENSOR_BOOL8); }

// --- Sums and products.

Value sum(Context& context, Value a, Value b, double alpha) {
  if (is_boolean(context, a)) {
    if (alpha != 1) context.refuse(Reason::argument, "it adds bools times " + std::to_string(alpha));
    return logical_or(a, b);
  }
  if (alpha == -1) return a - b;
  return a + times(context, b, alpha);
}

void lower_add(Context& context) {
  auto [self, other] = operands(context);
  context.result(sum(context, self, other, context.number_or("alpha", 1)));
}

void lower_sub(Context& context) {
  auto [self, other] = operands(context);
  context.result(sum(context, self, other, -context.number_or("alpha", 1)));
}

void lower_rsub(Context& context) {
  auto [self, other] = operands(context);
  context.result(sum(context, other, self, -context.number_or("alpha", 1)));
}

void lower_mul(Context& context) {
  auto [self, other] = operands(context);
  context.result(binary(is_boolean(context, self) ? Op::LOGICAL_AND : Op::MUL, self, other));
}

void lower_addcmul(Context& context) {
  refuse_narrow_integers(context);
  OperandType type = context.result_type().type;
  Value product = argument(context, "tensor1", type) * argument(context, "tensor2", type);
  context.result(sum(context, self_as_result(context), product, context.number("value")));
}

void lower_addcdiv(Context& context) {
  OperandType type = context.result_type().type;
  Value quotient = argument(context, "tensor1", type) / argument(context, "tensor2", type);
  context.result(sum(context, self_as_result(context), quotient, context.number("value")));
}

void lower_lerp(Context& context) {
  Value start = self_as_result(context);
  Value end = context.tensor("end");
  Value difference = end - start;
  if (context.is_tensor("weight")) return context.result(start + context.tensor("weight") * difference);
  // From the nearer end, as PyTorch does: both ends are then hit exactly.
  double weight = context.number("weight");
  if (weight < 0.5) return context.result(start + times(context, difference, weight));
  context.result(end - times(context, difference, 1 - weight));
}

void lower_square(Context& context) {
  refuse_narrow_integers(context);
  context.result(square(self_as_result(context)));
}

// --- Quotients.

/// The sign of integers: -1, 0 or 1.
Value integer_sign(Context& context, Value x) { return min(max(x, -1), 1); }

/// NNAPI's DIV of integers rounds towards minus infinity.
Value integer_quotient_towards_zero(Context& context, Value a, Value b) {
  Value magnitude = abs(a) / abs(b);
  Value signs = integer_sign(context, a) * integer_sign(context, b);
  return magnitude * signs;
}

Division divided(Context& context, Value a, Value b) {
  if (!is_integer(context, a)) return floor_division(a, b);
  Value quotient = a / b;
  return {quotient, a - quotient * b};
}

void lower_div(Context& context) {
  auto [self, other] = operands(context);
  std::string mode = context.is_none("rounding_mode") ? "" : context.string("rounding_mode");
  if (mode == "floor") return context.result(divided(context, self, other).quotient);
  if (mode == "trunc" && is_integer(context, self))
    return context.result(integer_quotient_towards_zero(context, self, other));
  Value quotient = self / other;
  context.result(mode == "trunc" ? truncated(quotient) : quotient);
}

void lower_floor_divide(Context& context) {
  auto [self, other] = operands(context);
  context.result(divided(context, self, other).quotient);
}

void lower_remainder(Context& context) {
  auto [self, other] = operands(context);
  context.result(divided(context, self, other).remainder);
}

void lower_fmod(Context& context) {
  auto [self, other] = operands(context);
  if (is_integer(context, self)) {
    Value quotient = integer_quotient_towards_zero(context, self, other);
    return context.result(self - quotient * other);
  }
  // What remains has the sign of the dividend.
  Division magnitudes = floor_division(abs(self), other.is_constant() ? other * sign(other) : abs(other));
  context.result(magnitudes.remainder * sign(self));
}

// --- Powers.

/// x to a small whole power, by multiplication: exact for integers, and for negative bases.
Value whole_power(Context& context, Value x, int exponent) {
  if (exponent == 1) return x;
  Value half = whole_power(context, x, exponent / 2);
  Value even = square(half);
  return exponent % 2 == 0 ? even : even * x;
}

/// x to a constant power.
Value power(Context& context, Value x, double exponent) {
  constexpr double most_multiplied = 16;
  if (exponent == 0) return filled(context, 1, x.element_type(), x.shape());
  if (exponent == std::floor(exponent) && exponent > 0 && (exponent <= most_multiplied || is_integer(context, x))) {
    if (exponent > 64) context.refuse(Reason::argument, "it raises integers to the power " + std::to_string(exponent));
    return whole_power(context, x, static_cast<int>(exponent));
  }
  if (is_integer(context, x))
    context.refuse(Reason::argument, "it raises integers to a negative power", "convert them with .float() first");
  if (exponent == 0.5) return sqrt(x);
  if (exponent == -0.5) return rsqrt(x);
  if (exponent == -1) return reciprocal(x);
  if (exponent == -2) return reciprocal(square(x));
  return pow(x, exponent);
}

void lower_pow(Context& context) {
  refuse_narrow_integers(context);
  OperandType type = context.result_type().type;
  Value base = argument(context, "self", type);
  std::optional<Constant> exponent = context.constant("exponent");
  if (!context.is_tensor("exponent") || (exponent && exponent->shape().empty()))
    return context.result(power(context, base, context.number("exponent")));
  if (type == OperandType::TENSOR_INT32)
    context.refuse(Reason::element_type, "it raises integers to powers that differ, which NNAPI's POW does not",
                   "convert them with .float() first");
  context.result(pow(base, argument(context, "exponent", type)));
}

// --- Exponential functions and logarithms.

void lower_log2(Context& context) {
  Value x = self_as_result(context);
  context.result(log(x) * (1 / std::log(2.0)));
}

void lower_log10(Context& context) {
  Value x = self_as_result(context);
  context.result(log(x) * (1 / std::log(10.0)));
}

void lower_exp2(Context& context) {
  Value x = self_as_result(context);
  context.result(pow(2, x));
}

/// log(e^a + e^b): the greater one, and what the difference adds. Equal infinities differ by 0.
Value log_of_sum(Context& context, Value a, Value b, double logarithm_of_base) {
  Value greater = max(a, b);
  Value difference = greater - min(a, b);
  Value zeros = filled(context, 0, OperandType::TENSOR_FLOAT32, difference.shape());
  difference = chosen(context, equal(a, b), zeros, difference, difference.shape());
  return greater + times(context, softplus(difference * -logarithm_of_base), 1 / logarithm_of_base);
}

void lower_logaddexp(Context& context) {
  auto [self, other] = operands(context);
  context.result(log_of_sum(context, self, other, 1));
}

void lower_logaddexp2(Context& context) {
  auto [self, other] = operands(context);
  context.result(log_of_sum(context, self, other, std::log(2.0)));
}

void lower_erfc(Context& context) { context.result(1 - erf(self_as_result(context))); }

void lower_logit(Context& context) {
  Value x = self_as_result(context);
  if (!context.is_none("eps")) {
    double eps = context.number("eps");
    x = min(max(x, eps), 1 - eps);
  }
  Value odds = x / (1 - x);
  context.result(log(odds));
}

// --- Signs, magnitudes, roundings.

void lower_abs(Context& context) { context.result(abs(self_as_result(context))); }

void lower_neg(Context& context) {
  refuse_narrow_integers(context);
  context.result(-self_as_result(context));
}

void lower_sign(Context& context) {
  Value x = self_as_result(context);
  if (is_boolean(context, x)) return context.result(x);
  context.result(is_integer(context, x) ? integer_sign(context, x) : sign(x));
}

/// Integers are their own floor, ceiling and nearest integer.
template <Value function(Value)>
void lower_rounding(Context& context) {
  Value x = self_as_result(context);
  context.result(is_integer(context, x) ? x : function(x));
}

void lower_round(Context& context) {
  Value x = self_as_result(context);
  double decimals = static_cast<double>(context.integer_or("decimals", 0));
  if (is_integer(context, x) && decimals >= 0) return context.result(x);
  if (decimals == 0) return context.result(rounded(x));
  double power_of_ten = std::pow(10.0, std::abs(decimals));
  OperationType before = decimals > 0 ? Op::MUL : Op::DIV, after = decimals > 0 ? Op::DIV : Op::MUL;
  Value digits = rounded(binary(before, x, power_of_ten));
  context.result(binary(after, digits, power_of_ten));
}

void lower_frac(Context& context) {
  Value x = self_as_result(context);
  context.result(x - truncated(x));
}

// --- The greater and the lesser.

template <OperationType operation>
void lower_extremum(Context& context) {
  OperandType type = context.result_type().type;
  Value self = argument(context, "self", type), other = argument(context, "other", type);
  if (type == OperandType::TENSOR_BOOL8)
    return context.result(binary(operation == Op::MAXIMUM ? Op::LOGICAL_OR : Op::LOGICAL_AND, self, other));
  context.result(binary(operation, self, other));
}

constexpr std::string_view narrow_integers = "8-bit and 16-bit integers, which wrap around";

constexpr Lowering table[] = {
    {"aten::add", lower_add, "ADD, LOGICAL_OR", narrow_integers},
    {"aten::sub", lower_sub, "SUB", narrow_integers},
    {"aten::subtract", lower_sub, "SUB", narrow_integers},
    {"aten::rsub", lower_rsub, "SUB", narrow_integers},
    {"aten::mul", lower_mul, "MUL, LOGICAL_AND", narrow_integers},
    {"aten::multiply", lower_mul, "MUL, LOGICAL_AND", narrow_integers},
    {"aten::addcmul", lower_addcmul, "MUL, ADD", narrow_integers},
    {"aten::addcdiv", lower_addcdiv, "DIV, ADD", ""},
    {"aten::lerp", lower_lerp, "SUB, MUL, ADD", ""},
    {"aten::square", lower_square, "MUL", narrow_integers},
    {"aten::div", lower_div, "DIV, FLOOR", narrow_integers},
    {"aten::divide", lower_div, "DIV, FLOOR", narrow_integers},
    {"aten::true_divide", lower_div, "DIV", ""},
    {"aten::floor_divide", lower_floor_divide, "DIV, FLOOR", narrow_integers},
    {"aten::remainder", lower_remainder, "DIV, FLOOR, MUL, SUB", narrow_integers},
    {"aten::fmod", lower_fmod, "ABS, DIV, FLOOR, MUL, SUB", narrow_integers},
    {"aten::pow", lower_pow, "MUL, SQRT, RSQRT, DIV, POW", "integers to powers that are negative or differ"},
    {"aten::float_power", lower_pow, "MUL, SQRT, RSQRT, DIV, POW", ""},
    {"aten::sqrt", lower_unary<Op::SQRT>, "SQRT", ""},
    {"aten::rsqrt", lower_unary<Op::RSQRT>, "RSQRT", ""},
    {"aten::reciprocal", lower_function<reciprocal>, "DIV", ""},
    {"aten::exp", lower_unary<Op::EXP>, "EXP", ""},
    {"aten::exp2", lower_exp2, "POW", ""},
    {"aten::special_exp2", lower_exp2, "POW", ""},
    {"aten::expm1", lower_function<expm1>, "TANH, EXP, MUL, ADD", ""},
    {"aten::special_expm1", lower_function<expm1>, "TANH, EXP, MUL, ADD", ""},
    {"aten::log", lower_unary<Op::LOG>, "LOG", ""},
    {"aten::log2", lower_log2, "LOG, MUL", ""},
    {"aten::log10", lower_log10, "LOG, MUL", ""},
    {"aten::log1p", lower_function<log1p>, "LOG, ADD, SUB, DIV, MINIMUM, MAXIMUM", ""},
    {"aten::special_log1p", lower_function<log1p>, "LOG, ADD, SUB, DIV, MINIMUM, MAXIMUM", ""},
    {"aten::logaddexp", lower_logaddexp, "MAXIMUM, MINIMUM, EQUAL, SELECT, EXP, LOG, ADD", ""},
    {"aten::logaddexp2", lower_logaddexp2, "MAXIMUM, MINIMUM, EQUAL, SELECT, EXP, LOG, ADD", ""},
    {"aten::erf", lower_function<erf>, "MUL, ADD, TANH", ""},
    {"aten::special_erf", lower_function<erf>, "MUL, ADD, TANH", ""},
    {"aten::erfc", lower_erfc, "MUL, ADD, TANH, SUB", ""},
    {"aten::special_erfc", lower_erfc, "MUL, ADD, TANH, SUB", ""},
    {"aten::logit", lower_logit, "SUB, DIV, LOG", ""},
    {"aten::special_logit", lower_logit, "SUB, DIV, LOG", ""},
    {"aten::abs", lower_abs, "ABS", ""},
    {"aten::absolute", lower_abs, "ABS", ""},
    {"aten::neg", lower_neg, "NEG", narrow_integers},
    {"aten::negative", lower_neg, "NEG", narrow_integers},
    {"aten::sign", lower_sign, "MUL, RELU1, MINIMUM, MAXIMUM", ""},
    {"aten::sgn", lower_sign, "MUL, RELU1, MINIMUM, MAXIMUM", ""},
    {"aten::floor", lower_rounding<graph::floor>, "FLOOR", ""},
    {"aten::ceil", lower_rounding<ceiling>, "NEG, FLOOR", ""},
    {"aten::trunc", lower_rounding<truncated>, "FLOOR, NEG, RELU, SUB", ""},
    {"aten::fix", lower_rounding<truncated>, "FLOOR, NEG, RELU, SUB", ""},
    {"aten::round", lower_round, "FLOOR, MUL, SUB, RELU, MINIMUM, ADD", ""},
    {"aten::special_round", lower_round, "FLOOR, MUL, SUB, RELU, MINIMUM, ADD", ""},
    {"aten::frac", lower_frac, "FLOOR, NEG, RELU, SUB", ""},
    {"aten::minimum", lower_extremum<Op::MINIMUM>, "MINIMUM, LOGICAL_AND", ""},
    {"aten::maximum", lower_extremum<Op::MAXIMUM>, "MAXIMUM, LOGICAL_OR", ""},
};

}  // namespace

Span<const Lowering> elementwise_lowerings() { return table; }

}  // namespace passerelle::lowering
