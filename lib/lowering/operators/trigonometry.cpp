// Angles, and hyperbolic functions and their inverses: NNAPI has SIN, EXP, LOG and TANH.
#include <cmath>
#include <limits>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"

namespace passerelle::lowering {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double smallest_normal = std::numeric_limits<float>::min();

/// For operators of one tensor. Integers become what PyTorch makes of them.
template <Value function(Value)>
void lower_function(Context& context) {
  context.result(function(self_as_result(context)));
}

/// 1 where x is above 0, else 0; and below it.
Value is_positive(Value x) { return relu(sign(x)); }
Value is_negative(Value x) { return relu(-sign(x)); }

/// x where `flag` is 0, and number - x where it is 1.
Value mirrored(Value x, Value flag, double number) { return x * (1 - flag * 2) + flag * number; }

/// Of an angle's tangent between 0 and 1. Relative error up to 2e-7.
Value small_angle(Value tangent) {
  // atan(t) / t, fitted over [0, 1] in t^2 to the least greatest relative error.
  return tangent * polynomial(square(tangent), {0.9999999847656763, -0.3333307334380279, 0.1999261936523638,
                                                -0.14203644253942338, 0.10640933186371807, -0.07504292742291978,
                                                0.04269149796919458, -0.016068615815068132, 0.0028498863267588104});
}

/// Of the point (x, y), both 0 or more: from 0 to a quarter turn; 0 where both are 0.
Value first_quadrant(Value y, Value x) {
  const Value angle = small_angle(min(x, y) / max(max(x, y), smallest_normal));
  return mirrored(angle, is_positive(y - x), pi / 2);
}

Value sine(Value x) { return sin(x); }

/// Halving is exact, adding a quarter turn is not.
Value cosine(Value x) { return 1 - square(sin(x * 0.5)) * 2; }

Value tangent(Value x) { return sin(x) / cosine(x); }

Value one_like(Value x) { return x.builder().scalar(1, x); }

Value arc_tangent(Value x) { return first_quadrant(abs(x), one_like(x)) * sign(x); }

/// sqrt(1 - x^2); not a number beyond 1.
Value other_leg(Value x) { return sqrt((1 - x) * (x + 1)); }

/// Keeps what is not a number in `x`, which a comparison on the way may have lost.
Value as_defined_as(Value value, Value x) { return value + (x - x); }

Value arc_sine(Value x) {
  const Value leg = other_leg(x);
  return as_defined_as(first_quadrant(abs(x), leg) * sign(x), leg);
}

Value arc_cosine(Value x) {
  const Value leg = other_leg(x);
  return as_defined_as(mirrored(first_quadrant(leg, abs(x)), is_negative(x), pi), leg);
}

void lower_atan2(Context& context) {
  const OperandType type = context.result_type().type;
  const Value y = argument(context, "self", type), x = argument(context, "other", type);
  const Value upper_half = mirrored(first_quadrant(abs(y), abs(x)), is_negative(x), pi);
  context.result(mirrored(upper_half, is_negative(y), 0));
}

// --- Hyperbolic.

/// (e^x + e^-x) / 2. The exponentials are squares of those of half of x, so that none overflows before the result does.
Value hyperbolic_cosine(Value x) {
  const Value grown = exp(x * 0.5), shrunk = exp(-(x * 0.5));
  return grown * 0.5 * grown + shrunk * 0.5 * shrunk;
}

/// Accurate for small x too.
Value hyperbolic_sine(Value x) { return tanh(x * 0.5) * (hyperbolic_cosine(x) + 1); }

/// sqrt(x^2 + y^2) of numbers that are not negative, without overflow on the way.
Value hypotenuse(Value x, Value y) {
  const Value longer = max(x, y);
  const Value ratio = min(x, y) / max(longer, smallest_normal);
  return longer * sqrt(square(ratio) + 1);
}

/// log(a + sqrt(a^2 + 1)) for a = |x|, in a form that is accurate for small a.
Value inverse_hyperbolic_sine(Value x) {
  const Value a = abs(x);
  const Value root = hypotenuse(a, one_like(x));
  return log1p(a * (a / (root + 1) + 1)) * sign(x);
}

/// For t = x - 1.
Value inverse_hyperbolic_cosine(Value x) {
  const Value t = x - 1;
  const Value root = sqrt(t) * sqrt(t + 2);
  return as_defined_as(log1p(t + root), root);
}

Value inverse_hyperbolic_tangent(Value x) {
  const Value a = abs(x);
  return log1p(a * 2 / (1 - a)) * 0.5 * sign(x);
}

void lower_hypotenuse(Context& context) {
  const OperandType type = context.result_type().type;
  context.result(hypotenuse(abs(argument(context, "self", type)), abs(argument(context, "other", type))));
}

// --- Degrees.

Value radians(Value x) { return x * (pi / 180); }
Value degrees(Value x) { return x * (180 / pi); }

constexpr std::string_view arcs = "DIV, MINIMUM, MAXIMUM, MUL, ADD";

constexpr Lowering table[] = {
    {"aten::sin", lower_function<sine>, "SIN", ""},
    {"aten::cos", lower_function<cosine>, "SIN, MUL, SUB", ""},
    {"aten::tan", lower_function<tangent>, "SIN, MUL, SUB, DIV", ""},
    {"aten::asin", lower_function<arc_sine>, arcs, ""},
    {"aten::arcsin", lower_function<arc_sine>, arcs, ""},
    {"aten::acos", lower_function<arc_cosine>, arcs, ""},
    {"aten::arccos", lower_function<arc_cosine>, arcs, ""},
    {"aten::atan", lower_function<arc_tangent>, arcs, ""},
    {"aten::arctan", lower_function<arc_tangent>, arcs, ""},
    {"aten::atan2", lower_atan2, arcs, ""},
    {"aten::arctan2", lower_atan2, arcs, ""},
    {"aten::sinh", lower_function<hyperbolic_sine>, "EXP, TANH, MUL, ADD", ""},
    {"aten::cosh", lower_function<hyperbolic_cosine>, "EXP, MUL, ADD", ""},
    {"aten::asinh", lower_function<inverse_hyperbolic_sine>, "SQRT, LOG, DIV, MUL, ADD", ""},
    {"aten::arcsinh", lower_function<inverse_hyperbolic_sine>, "SQRT, LOG, DIV, MUL, ADD", ""},
    {"aten::acosh", lower_function<inverse_hyperbolic_cosine>, "SQRT, LOG, MUL, ADD", ""},
    {"aten::arccosh", lower_function<inverse_hyperbolic_cosine>, "SQRT, LOG, MUL, ADD", ""},
    {"aten::atanh", lower_function<inverse_hyperbolic_tangent>, "LOG, DIV, MUL", ""},
    {"aten::arctanh", lower_function<inverse_hyperbolic_tangent>, "LOG, DIV, MUL", ""},
    {"aten::hypot", lower_hypotenuse, "SQRT, DIV, MUL, ADD", ""},
    {"aten::deg2rad", lower_function<radians>, "MUL", ""},
    {"aten::rad2deg", lower_function<degrees>, "MUL", ""},
};

}  // namespace

Span<const Lowering> trigonometry_lowerings() { return table; }

}  // namespace passerelle::lowering
