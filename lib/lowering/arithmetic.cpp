#include "arithmetic.h"

#include <cmath>
#include <vector>

namespace passerelle::lowering {

OperandId polynomial(Context& context, OperandId x, const std::vector<double>& coefficients) {
  OperandId sum = context.binary(Op::MUL, x, coefficients.back());
  for (size_t i = coefficients.size() - 1; i-- > 0;) {
    sum = context.binary(Op::ADD, sum, coefficients[i]);
    if (i > 0) sum = context.binary(Op::MUL, sum, x);
  }
  return sum;
}

namespace {

/// -1 where x is negative, else 0.
OperandId negative_indicator(Context& context, OperandId x) {
  return context.binary(Op::MINIMUM, sign(context, x), 0.0);
}

struct Halves {
  OperandId high;
  OperandId low;
};

/// x as a sum of two numbers of 12 significant bits each (Veltkamp's splitting), so that products with them are exact.
Halves split_bits(Context& context, OperandId x) {
  if (context.graph().is_constant(x)) {
    std::vector<float> high, low;
    for (float value : context.graph()[x].constant->floats()) {
      int exponent = 0;
      float mantissa = std::frexp(value, &exponent);
      high.push_back(std::ldexp(std::nearbyint(std::ldexp(mantissa, 12)), exponent - 12));
      low.push_back(value - high.back());
    }
    return {context.constant_operand(Constant::from(high, context.shape(x))),
            context.constant_operand(Constant::from(low, context.shape(x)))};
  }
  OperandId spread = context.binary(Op::MUL, x, 4097.0);
  OperandId high = context.binary(Op::SUB, spread, context.binary(Op::SUB, spread, x));
  return {high, context.binary(Op::SUB, x, high)};
}

/// Whether all quotients by the constant are as exact as the dividend is.
bool is_power_of_two(Context& context, OperandId x) {
  if (!context.graph().is_constant(x)) return false;
  for (float value : context.graph()[x].constant->floats()) {
    int exponent = 0;
    if (std::abs(std::frexp(value, &exponent)) != 0.5f) return false;
  }
  return true;
}

}  // namespace

OperandId square(Context& context, OperandId x) { return context.binary(Op::MUL, x, x); }

OperandId reciprocal(Context& context, OperandId x) { return context.binary(Op::DIV, 1.0, x); }

OperandId ceiling(Context& context, OperandId x) {
  return context.unary(Op::NEG, context.unary(Op::FLOOR, context.unary(Op::NEG, x)));
}

OperandId truncated(Context& context, OperandId x) {
  // One of the two is 0.
  OperandId positive = context.unary(Op::RELU, context.unary(Op::FLOOR, x));
  OperandId negative = context.unary(Op::RELU, context.unary(Op::FLOOR, context.unary(Op::NEG, x)));
  return context.binary(Op::SUB, positive, negative);
}

OperandId sign(Context& context, OperandId x) {
  if (context.graph().is_constant(x)) {
    std::vector<float> signs;
    for (float value : context.graph()[x].constant->floats())
      signs.push_back(static_cast<float>((value > 0) - (value < 0)));
    return context.constant_operand(Constant::from(signs, context.shape(x)));
  }
  // The smallest normal number is 2^-126.
  return context.unary(Op::RELU1, context.binary(Op::MUL, x, std::ldexp(1.0, 126)));
}

OperandId rounded(Context& context, OperandId x) {
  OperandId floor = context.unary(Op::FLOOR, x);
  OperandId half = context.binary(Op::MUL, floor, 0.5);
  OperandId odd = context.binary(Op::MUL, context.binary(Op::SUB, half, context.unary(Op::FLOOR, half)), 2.0);
  OperandId above_half = context.binary(Op::SUB, context.binary(Op::SUB, x, floor), 0.5);
  // The fraction differs from a half by 2^-25 at least, or not at all: then the odd floor goes up.
  OperandId decision = context.binary(Op::ADD, context.binary(Op::MUL, above_half, std::ldexp(1.0, 26)), odd);
  OperandId step = context.binary(Op::MINIMUM, context.unary(Op::RELU, decision), 1.0);
  return context.binary(Op::ADD, floor, step);
}

OperandId log1p(Context& context, OperandId x) {
  // What rounding took from 1 + x, to first order. It matters below 1 only, and 0/0 at -1 is avoided.
  OperandId small = context.binary(Op::MINIMUM, x, 1.0);
  OperandId sum = context.binary(Op::ADD, small, 1.0);
  OperandId lost = context.binary(Op::SUB, small, context.binary(Op::SUB, sum, 1.0));
  OperandId correction = context.binary(Op::DIV, lost, context.binary(Op::MAXIMUM, sum, 1e-30));
  return context.binary(Op::ADD, context.unary(Op::LOG, context.binary(Op::ADD, x, 1.0)), correction);
}

OperandId softplus(Context& context, OperandId x) {
  OperandId e = context.unary(Op::EXP, context.unary(Op::NEG, context.unary(Op::ABS, x)));
  OperandId sum = context.binary(Op::ADD, e, 1.0);
  // What rounding took from 1 + e: all of it where e is small.
  OperandId lost = context.binary(Op::SUB, e, context.binary(Op::SUB, sum, 1.0));
  OperandId logarithm = context.binary(Op::ADD, context.unary(Op::LOG, sum), lost);
  return context.binary(Op::ADD, context.unary(Op::RELU, x), logarithm);
}

OperandId expm1(Context& context, OperandId x) {
  OperandId half_angle = context.unary(Op::TANH, context.binary(Op::MUL, x, 0.5));
  return context.binary(Op::MUL, half_angle, context.binary(Op::ADD, context.unary(Op::EXP, x), 1.0));
}

OperandId erf(Context& context, OperandId x) {
  // artanh(erf(x)) / x, fitted over [0, 6] in x^2 to the least greatest relative error of erf.
  OperandId slope =
      polynomial(context, square(context, x),
                 {1.1283792743465169, 0.10276905478933762, -0.00019182693440238682, -0.0006197895571908528,
                  8.763986045741862e-05, -5.669026504839814e-06, 1.4189362260882713e-07});
  return context.unary(Op::TANH, context.binary(Op::MUL, x, slope));
}

OperandId gelu(Context& context, OperandId x) {
  // logit(cumulative(x)) / x, fitted over [0, 8] in x^2 to the least greatest error of the product with x.
  OperandId slope =
      polynomial(context, square(context, x),
                 {1.5957685368538608, 0.07266829812522581, -6.605332095889003e-05, -0.00011054679766447483,
                  7.948144799457054e-06, -2.6756659910230533e-07, 3.6278590188134807e-09});
  return context.binary(Op::MUL, x, context.unary(Op::LOGISTIC, context.binary(Op::MUL, x, slope)));
}

Division floor_division(Context& context, OperandId a, OperandId b) {
  OperandId quotient = context.unary(Op::FLOOR, context.binary(Op::DIV, a, b));
  if (is_power_of_two(context, b)) return {quotient, context.binary(Op::SUB, a, context.binary(Op::MUL, quotient, b))};
  Halves halves = split_bits(context, b);
  OperandId remainder = context.binary(Op::SUB, a, context.binary(Op::MUL, quotient, halves.high));
  remainder = context.binary(Op::SUB, remainder, context.binary(Op::MUL, quotient, halves.low));
  // Rounding may have lifted a / b to the integer above it: then the remainder has the sign that b has not.
  OperandId excess = negative_indicator(context, context.binary(Op::MUL, remainder, sign(context, b)));
  return {context.binary(Op::ADD, quotient, excess),
          context.binary(Op::SUB, remainder, context.binary(Op::MUL, excess, b))};
}

}  // namespace passerelle::lowering
