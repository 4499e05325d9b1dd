// Angles, and hyperbolic functions and their inverses: NNAPI has SIN, EXP, LOG and TANH.
#include <cmath>
#include <limits>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"

namespace passerelle::lowering {
namespace {

constexpr double pi = 3.14159265358979323846;

/// For operators of one tensor. Integers become what PyTorch makes of them.
template <OperandId function(Context&, OperandId)>
void lower_function(Context& context) {
  context.result(function(context, self_as_result(context)));
}

OperandId half(Context& context, OperandId x) { return context.binary(Op::MUL, x, 0.5); }
OperandId magnitude(Context& context, OperandId x) { return context.unary(Op::ABS, x); }

/// 1 where x is above 0, else 0.
OperandId above_zero(Context& context, OperandId x) { return context.unary(Op::RELU, sign(context, x)); }

/// x where `flag` is 0, and number - x where it is 1.
OperandId mirrored(Context& context, OperandId x, OperandId flag, double number) {
  OperandId factor = context.binary(Op::SUB, 1.0, context.binary(Op::MUL, flag, 2.0));
  return context.binary(Op::ADD, context.binary(Op::MUL, x, factor), context.binary(Op::MUL, flag, number));
}

/// Of an angle's tangent between 0 and 1. Relative error up to 2e-7.
OperandId small_angle(Context& context, OperandId tangent) {
  // atan(t) / t, fitted over [0, 1] in t^2 to the least greatest relative error.
  OperandId slope = polynomial(
      context, square(context, tangent),
      {0.9999999847656763, -0.3333307334380279, 0.1999261936523638, -0.14203644253942338, 0.10640933186371807,
       -0.07504292742291978, 0.04269149796919458, -0.016068615815068132, 0.0028498863267588104});
  return context.binary(Op::MUL, tangent, slope);
}

/// Of the point (x, y), both 0 or more: from 0 to a quarter turn; 0 where both are 0.
OperandId first_quadrant(Context& context, OperandId y, OperandId x) {
  constexpr double smallest = std::numeric_limits<float>::min();
  OperandId longer = context.binary(Op::MAXIMUM, context.binary(Op::MAXIMUM, x, y), smallest);
  OperandId angle = small_angle(context, context.binary(Op::DIV, context.binary(Op::MINIMUM, x, y), longer));
  return mirrored(context, angle, above_zero(context, context.binary(Op::SUB, y, x)), pi / 2);
}

OperandId sine(Context& context, OperandId x) { return context.unary(Op::SIN, x); }

OperandId cosine(Context& context, OperandId x) {
  // 1 - 2 sin(x/2)^2: halving is exact, adding a quarter turn is not.
  OperandId sine_of_half = context.unary(Op::SIN, half(context, x));
  return context.binary(Op::SUB, 1.0, context.binary(Op::MUL, square(context, sine_of_half), 2.0));
}

OperandId tangent(Context& context, OperandId x) {
  return context.binary(Op::DIV, context.unary(Op::SIN, x), cosine(context, x));
}

OperandId arc_tangent(Context& context, OperandId x) {
  OperandId angle = first_quadrant(context, magnitude(context, x), context.scalar(1, x));
  return context.binary(Op::MUL, angle, sign(context, x));
}

/// sqrt(1 - x^2); not a number beyond 1.
OperandId other_leg(Context& context, OperandId x) {
  OperandId product = context.binary(Op::MUL, context.binary(Op::SUB, 1.0, x), context.binary(Op::ADD, x, 1.0));
  return context.unary(Op::SQRT, product);
}

/// Keeps what is not a number in `x`, which a comparison on the way may have lost.
OperandId as_defined_as(Context& context, OperandId value, OperandId x) {
  return context.binary(Op::ADD, value, context.binary(Op::SUB, x, x));
}

OperandId arc_sine(Context& context, OperandId x) {
  OperandId leg = other_leg(context, x);
  OperandId angle = first_quadrant(context, magnitude(context, x), leg);
  return as_defined_as(context, context.binary(Op::MUL, angle, sign(context, x)), leg);
}

OperandId arc_cosine(Context& context, OperandId x) {
  OperandId leg = other_leg(context, x);
  OperandId angle = first_quadrant(context, leg, magnitude(context, x));
  OperandId negative = context.unary(Op::RELU, context.unary(Op::NEG, sign(context, x)));
  return as_defined_as(context, mirrored(context, angle, negative, pi), leg);
}

void lower_atan2(Context& context) {
  OperandType type = context.result_type().type;
  OperandId y = argument(context, "self", type), x = argument(context, "other", type);
  OperandId angle = first_quadrant(context, magnitude(context, y), magnitude(context, x));
  OperandId to_the_left = context.unary(Op::RELU, context.unary(Op::NEG, sign(context, x)));
  OperandId below = context.unary(Op::RELU, context.unary(Op::NEG, sign(context, y)));
  OperandId half_turn = mirrored(context, angle, to_the_left, pi);
  context.result(mirrored(context, half_turn, below, 0));
}

// --- Hyperbolic.

/// (e^x + e^-x) / 2. The exponentials are squares of those of half of x, so that none overflows before the result does.
OperandId hyperbolic_cosine(Context& context, OperandId x) {
  OperandId grown = context.unary(Op::EXP, half(context, x));
  OperandId shrunk = context.unary(Op::EXP, context.unary(Op::NEG, half(context, x)));
  return context.binary(Op::ADD, context.binary(Op::MUL, half(context, grown), grown),
                        context.binary(Op::MUL, half(context, shrunk), shrunk));
}

OperandId hyperbolic_sine(Context& context, OperandId x) {
  // tanh(x/2) (1 + cosh(x)): accurate for small x too.
  OperandId tanh = context.unary(Op::TANH, half(context, x));
  return context.binary(Op::MUL, tanh, context.binary(Op::ADD, hyperbolic_cosine(context, x), 1.0));
}

/// sqrt(x^2 + y^2) of numbers that are not negative, without overflow on the way.
OperandId hypotenuse(Context& context, OperandId x, OperandId y) {
  constexpr double smallest = std::numeric_limits<float>::min();
  OperandId longer = context.binary(Op::MAXIMUM, x, y);
  OperandId ratio =
      context.binary(Op::DIV, context.binary(Op::MINIMUM, x, y), context.binary(Op::MAXIMUM, longer, smallest));
  OperandId root = context.unary(Op::SQRT, context.binary(Op::ADD, square(context, ratio), 1.0));
  return context.binary(Op::MUL, longer, root);
}

OperandId inverse_hyperbolic_sine(Context& context, OperandId x) {
  // log(a + sqrt(a^2 + 1)) = log1p(a (1 + a / (1 + sqrt(a^2 + 1)))) for a = |x|.
  OperandId a = magnitude(context, x);
  OperandId root = hypotenuse(context, a, context.scalar(1, x));
  OperandId ratio = context.binary(Op::DIV, a, context.binary(Op::ADD, root, 1.0));
  OperandId logarithm = log1p(context, context.binary(Op::MUL, a, context.binary(Op::ADD, ratio, 1.0)));
  return context.binary(Op::MUL, logarithm, sign(context, x));
}

OperandId inverse_hyperbolic_cosine(Context& context, OperandId x) {
  // log1p(t + sqrt(t) sqrt(t + 2)) for t = x - 1.
  OperandId t = context.binary(Op::SUB, x, 1.0);
  OperandId root =
      context.binary(Op::MUL, context.unary(Op::SQRT, t), context.unary(Op::SQRT, context.binary(Op::ADD, t, 2.0)));
  return as_defined_as(context, log1p(context, context.binary(Op::ADD, t, root)), root);
}

OperandId inverse_hyperbolic_tangent(Context& context, OperandId x) {
  // log1p(2 a / (1 - a)) / 2 for a = |x|.
  OperandId a = magnitude(context, x);
  OperandId odds = context.binary(Op::DIV, context.binary(Op::MUL, a, 2.0), context.binary(Op::SUB, 1.0, a));
  return context.binary(Op::MUL, half(context, log1p(context, odds)), sign(context, x));
}

void lower_hypotenuse(Context& context) {
  OperandType type = context.result_type().type;
  context.result(hypotenuse(context, magnitude(context, argument(context, "self", type)),
                            magnitude(context, argument(context, "other", type))));
}

// --- Degrees.

OperandId radians(Context& context, OperandId x) { return context.binary(Op::MUL, x, pi / 180); }
OperandId degrees(Context& context, OperandId x) { return context.binary(Op::MUL, x, 180 / pi); }

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
