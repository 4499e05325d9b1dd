#include "arithmetic.h"

#include <algorithm>
#include <cmath>

namespace passerelle::lowering {

Value polynomial(Value x, const std::vector<double>& coefficients) {
  Value sum = x * coefficients.back();
  for (size_t i = coefficients.size() - 1; i-- > 1;) sum = (sum + coefficients[i]) * x;
  return sum + coefficients[0];
}

namespace {

/// -1 where x is negative, else 0.
Value negative_indicator(Value x) { return min(sign(x), 0); }

struct Halves {
  Value high;
  Value low;
};

/// x as a sum of two numbers of 12 significant bits each (Veltkamp's splitting), so that products with them are exact.
Halves split_bits(Value x) {
  if (const std::optional<Constant> known = x.constant()) {
    std::vector<float> high, low;
    for (float value : known->floats()) {
      int exponent = 0;
      const float mantissa = std::frexp(value, &exponent);
      high.push_back(std::ldexp(std::nearbyint(std::ldexp(mantissa, 12)), exponent - 12));
      low.push_back(value - high.back());
    }
    Builder& builder = x.builder();
    return {builder.constant(Constant::from(high, x.shape())), builder.constant(Constant::from(low, x.shape()))};
  }
  const Value spread = x * 4097;
  const Value high = spread - (spread - x);
  return {high, x - high};
}

/// Whether all quotients by the constant are as exact as the dividend is.
bool is_power_of_two(Value x) {
  if (!x.is_constant()) return false;
  const std::vector<float> values = x.constant()->floats();
  return std::all_of(values.begin(), values.end(), [](float value) {
    int exponent = 0;
    return std::abs(std::frexp(value, &exponent)) == 0.5f;
  });
}

}  // namespace

Value reciprocal(Value x) { return 1 / x; }

Value ceiling(Value x) { return -floor(-x); }

/// One of the two is 0.
Value truncated(Value x) { return relu(floor(x)) - relu(floor(-x)); }

Value sign(Value x) {
  const double greatest_reciprocal = std::ldexp(1.0, 126);  // of the smallest normal number
  return relu1(x * greatest_reciprocal);
}

Value rounded(Value x) {
  const Value below = floor(x);
  const Value half = below * 0.5;
  const Value is_odd = (half - floor(half)) * 2;
  const Value above_half = x - below - 0.5;
  // The fraction differs from a half by 2^-25 at least, or not at all: then the odd floor goes up.
  const Value goes_up = min(relu(above_half * std::ldexp(1.0, 26) + is_odd), 1);
  return below + goes_up;
}

Value log1p(Value x) {
  // What rounding took from 1 + x, to first order. It matters below 1 only, and 0/0 at -1 is avoided.
  const Value small = min(x, 1);
  const Value sum = small + 1;
  const Value lost = small - (sum - 1);
  return log(x + 1) + lost / max(sum, 1e-30);
}

Value softplus(Value x) {
  const Value e = exp(-abs(x));
  const Value sum = e + 1;
  const Value lost = e - (sum - 1);  // by rounding 1 + e: all of e where it is small
  return relu(x) + (log(sum) + lost);
}

Value expm1(Value x) { return tanh(x * 0.5) * (exp(x) + 1); }

Value erf(Value x) {
  // artanh(erf(x)) / x, fitted over [0, 6] in x^2 to the least greatest relative error of erf.
  const Value slope =
      polynomial(square(x), {1.1283792743465169, 0.10276905478933762, -0.00019182693440238682, -0.0006197895571908528,
                             8.763986045741862e-05, -5.669026504839814e-06, 1.4189362260882713e-07});
  return tanh(x * slope);
}

Value gelu(Value x) {
  // logit(cumulative(x)) / x, fitted over [0, 8] in x^2 to the least greatest error of the product with x.
  const Value slope =
      polynomial(square(x), {1.5957685368538608, 0.07266829812522581, -6.605332095889003e-05, -0.00011054679766447483,
                             7.948144799457054e-06, -2.6756659910230533e-07, 3.6278590188134807e-09});
  return x * logistic(x * slope);
}

Division floor_division(Value a, Value b) {
  const Value quotient = floor(a / b);
  if (is_power_of_two(b)) return {quotient, a - quotient * b};
  const Halves halves = split_bits(b);
  const Value remainder = a - quotient * halves.high - quotient * halves.low;
  // Rounding may have lifted a / b to the integer above it: then the remainder has the sign that b has not.
  const Value excess = negative_indicator(remainder * sign(b));
  return {quotient + excess, remainder - excess * b};
}

}  // namespace passerelle::lowering
