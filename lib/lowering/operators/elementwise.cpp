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
  context.result(context.unary(operation, self_as_result(context)));
}

/// For operators of one tensor that are a function of arithmetic.h.
template <OperandId function(Context&, OperandId)>
void lower_function(Context& context) {
  context.result(function(context, self_as_result(context)));
}

OperandId times(Context& context, OperandId x, double factor) {
  if (factor == 1) return x;
  bool real_constant = context.graph().is_constant(x) && context.type(x).type == OperandType::TENSOR_FLOAT32;
  if (!real_constant) return context.binary(Op::MUL, x, factor);
  const Constant& constant = *context.graph()[x].constant;
  std::vector<float> factors(constant.shape().front(), static_cast<float>(factor));
  return context.constant_operand(constant.scaled(0, std::move(factors)));
}

struct Pair {
  OperandId self;
  OperandId other;
};

/// The arguments "self" and "other" in the type of the result.
Pair operands(Context& context) {
  refuse_narrow_integers(context);
  OperandType type = context.result_type().type;
  return {argument(context, "self", type), argument(context, "other", type)};
}

bool is_integer(Context& context, OperandId x) { return context.type(x).type == OperandType::TENSOR_INT32; }
bool is_boolean(Context& context, OperandId x) { return context.type(x).type == OperandType::TENSOR_BOOL8; }

// --- Sums and products.

OperandId sum(Context& context, OperandId a, OperandId b, double alpha) {
  if (is_boolean(context, a)) {
    if (alpha != 1) context.refuse(Reason::argument, "it adds bools times " + std::to_string(alpha));
    return context.binary(Op::LOGICAL_OR, a, b);
  }
  if (alpha == -1) return context.binary(Op::SUB, a, b);
  return context.binary(Op::ADD, a, times(context, b, alpha));
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
  context.result(context.binary(is_boolean(context, self) ? Op::LOGICAL_AND : Op::MUL, self, other));
}

void lower_addcmul(Context& context) {
  refuse_narrow_integers(context);
  OperandType type = context.result_type().type;
  OperandId product = context.binary(Op::MUL, argument(context, "tensor1", type), argument(context, "tensor2", type));
  context.result(sum(context, self_as_result(context), product, context.number("value")));
}

void lower_addcdiv(Context& context) {
  OperandType type = context.result_type().type;
  OperandId quotient = context.binary(Op::DIV, argument(context, "tensor1", type), argument(context, "tensor2", type));
  context.result(sum(context, self_as_result(context), quotient, context.number("value")));
}

void lower_lerp(Context& context) {
  OperandId start = self_as_result(context);
  OperandId end = context.tensor("end");
  OperandId difference = context.binary(Op::SUB, end, start);
  if (context.is_tensor("weight"))
    return context.result(
        context.binary(Op::ADD, start, context.binary(Op::MUL, context.tensor("weight"), difference)));
  // From the nearer end, as PyTorch does: both ends are then hit exactly.
  double weight = context.number("weight");
  if (weight < 0.5) return context.result(context.binary(Op::ADD, start, times(context, difference, weight)));
  context.result(context.binary(Op::SUB, end, times(context, difference, 1 - weight)));
}

void lower_square(Context& context) {
  refuse_narrow_integers(context);
  context.result(square(context, self_as_result(context)));
}

// --- Quotients.

/// The sign of integers: -1, 0 or 1.
OperandId integer_sign(Context& context, OperandId x) {
  return context.binary(Op::MINIMUM, context.binary(Op::MAXIMUM, x, -1.0), 1.0);
}

/// NNAPI's DIV of integers rounds towards minus infinity.
OperandId integer_quotient_towards_zero(Context& context, OperandId a, OperandId b) {
  OperandId magnitude = context.binary(Op::DIV, context.unary(Op::ABS, a), context.unary(Op::ABS, b));
  OperandId signs = context.binary(Op::MUL, integer_sign(context, a), integer_sign(context, b));
  return context.binary(Op::MUL, magnitude, signs);
}

Division divided(Context& context, OperandId a, OperandId b) {
  if (!is_integer(context, a)) return floor_division(context, a, b);
  OperandId quotient = context.binary(Op::DIV, a, b);
  return {quotient, context.binary(Op::SUB, a, context.binary(Op::MUL, quotient, b))};
}

void lower_div(Context& context) {
  auto [self, other] = operands(context);
  std::string mode = context.is_none("rounding_mode") ? "" : context.string("rounding_mode");
  if (mode == "floor") return context.result(divided(context, self, other).quotient);
  if (mode == "trunc" && is_integer(context, self))
    return context.result(integer_quotient_towards_zero(context, self, other));
  OperandId quotient = context.binary(Op::DIV, self, other);
  context.result(mode == "trunc" ? truncated(context, quotient) : quotient);
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
    OperandId quotient = integer_quotient_towards_zero(context, self, other);
    return context.result(context.binary(Op::SUB, self, context.binary(Op::MUL, quotient, other)));
  }
  // What remains has the sign of the dividend.
  Division magnitudes =
      floor_division(context, context.unary(Op::ABS, self),
                     context.graph().is_constant(other) ? context.binary(Op::MUL, other, sign(context, other))
                                                        : context.unary(Op::ABS, other));
  context.result(context.binary(Op::MUL, magnitudes.remainder, sign(context, self)));
}

// --- Powers.

/// x to a small whole power, by multiplication: exact for integers, and for negative bases.
OperandId whole_power(Context& context, OperandId x, int exponent) {
  if (exponent == 1) return x;
  OperandId half = whole_power(context, x, exponent / 2);
  OperandId even = square(context, half);
  return exponent % 2 == 0 ? even : context.binary(Op::MUL, even, x);
}

/// x to a constant power.
OperandId power(Context& context, OperandId x, double exponent) {
  constexpr double most_multiplied = 16;
  if (exponent == 0) return filled(context, 1, context.type(x).type, context.shape(x));
  if (exponent == std::floor(exponent) && exponent > 0 && (exponent <= most_multiplied || is_integer(context, x))) {
    if (exponent > 64) context.refuse(Reason::argument, "it raises integers to the power " + std::to_string(exponent));
    return whole_power(context, x, static_cast<int>(exponent));
  }
  if (is_integer(context, x))
    context.refuse(Reason::argument, "it raises integers to a negative power", "convert them with .float() first");
  if (exponent == 0.5) return context.unary(Op::SQRT, x);
  if (exponent == -0.5) return context.unary(Op::RSQRT, x);
  if (exponent == -1) return reciprocal(context, x);
  if (exponent == -2) return reciprocal(context, square(context, x));
  return context.binary(Op::POW, x, exponent);
}

void lower_pow(Context& context) {
  refuse_narrow_integers(context);
  OperandType type = context.result_type().type;
  OperandId base = argument(context, "self", type);
  std::optional<Constant> exponent = context.constant("exponent");
  if (!context.is_tensor("exponent") || (exponent && exponent->shape().empty()))
    return context.result(power(context, base, context.number("exponent")));
  if (type == OperandType::TENSOR_INT32)
    context.refuse(Reason::element_type, "it raises integers to powers that differ, which NNAPI's POW does not",
                   "convert them with .float() first");
  context.result(context.binary(Op::POW, base, argument(context, "exponent", type)));
}

// --- Exponential functions and logarithms.

void lower_log2(Context& context) {
  OperandId x = self_as_result(context);
  context.result(context.binary(Op::MUL, context.unary(Op::LOG, x), 1 / std::log(2.0)));
}

void lower_log10(Context& context) {
  OperandId x = self_as_result(context);
  context.result(context.binary(Op::MUL, context.unary(Op::LOG, x), 1 / std::log(10.0)));
}

void lower_exp2(Context& context) {
  OperandId x = self_as_result(context);
  context.result(context.binary(Op::POW, context.scalar(2, x), x));
}

void lower_erfc(Context& context) {
  context.result(context.binary(Op::SUB, 1.0, erf(context, self_as_result(context))));
}

void lower_logit(Context& context) {
  OperandId x = self_as_result(context);
  if (!context.is_none("eps")) {
    double eps = context.number("eps");
    x = context.binary(Op::MINIMUM, context.binary(Op::MAXIMUM, x, eps), 1 - eps);
  }
  OperandId odds = context.binary(Op::DIV, x, context.binary(Op::SUB, 1.0, x));
  context.result(context.unary(Op::LOG, odds));
}

// --- Signs, magnitudes, roundings.

void lower_abs(Context& context) { context.result(context.unary(Op::ABS, self_as_result(context))); }

void lower_neg(Context& context) {
  refuse_narrow_integers(context);
  context.result(context.unary(Op::NEG, self_as_result(context)));
}

void lower_sign(Context& context) {
  OperandId x = self_as_result(context);
  if (is_boolean(context, x)) return context.result(x);
  context.result(is_integer(context, x) ? integer_sign(context, x) : sign(context, x));
}

/// Integers are their own floor, ceiling and nearest integer.
template <OperandId function(Context&, OperandId)>
void lower_rounding(Context& context) {
  OperandId x = self_as_result(context);
  context.result(is_integer(context, x) ? x : function(context, x));
}

OperandId floor(Context& context, OperandId x) { return context.unary(Op::FLOOR, x); }

void lower_round(Context& context) {
  OperandId x = self_as_result(context);
  double decimals = static_cast<double>(context.integer_or("decimals", 0));
  if (is_integer(context, x) && decimals >= 0) return context.result(x);
  if (decimals == 0) return context.result(rounded(context, x));
  double power_of_ten = std::pow(10.0, std::abs(decimals));
  OperationType before = decimals > 0 ? Op::MUL : Op::DIV, after = decimals > 0 ? Op::DIV : Op::MUL;
  OperandId digits = rounded(context, context.binary(before, x, power_of_ten));
  context.result(context.binary(after, digits, power_of_ten));
}

void lower_frac(Context& context) {
  OperandId x = self_as_result(context);
  context.result(context.binary(Op::SUB, x, truncated(context, x)));
}

// --- The greater and the lesser.

template <OperationType operation>
void lower_extremum(Context& context) {
  OperandType type = context.result_type().type;
  OperandId self = argument(context, "self", type), other = argument(context, "other", type);
  if (type == OperandType::TENSOR_BOOL8)
    return context.result(context.binary(operation == Op::MAXIMUM ? Op::LOGICAL_OR : Op::LOGICAL_AND, self, other));
  context.result(context.binary(operation, self, other));
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
    {"aten::floor", lower_rounding<floor>, "FLOOR", ""},
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
