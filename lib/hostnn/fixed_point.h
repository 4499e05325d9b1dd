// The integer arithmetic of Android's quantized CPU kernels: real factors as fixed-point multipliers, and functions of
// fixed-point numbers. Each result is the very integer that Android computes.
#pragma once

#include <cstdint>

namespace passerelle::hostnn {

/// mantissa / 2^31 · 2^exponent. The mantissa is 0, or in [2^30, 2^31).
struct Multiplier {
  int32_t mantissa = 0;
  int exponent = 0;
};

/// The nearest multiplier of a factor that is not negative; 0 below 2^-32.
Multiplier multiplier_of(double factor);

/// 2·a·b / 2^32, halves rounded upwards; the one product that does not fit is saturated.
inline int32_t high_product(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  const int64_t product = static_cast<int64_t>(a) * b;
  const int64_t half = product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((product + half) / (int64_t{1} << 31));
}

/// value / 2^exponent, halves rounded away from 0. 0 <= exponent <= 31.
inline int32_t divide_by_power(int32_t value, int exponent) {
  const auto mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
  return (value >> exponent) + ((value & mask) > threshold ? 1 : 0);
}

/// value · 2^exponent without regard to overflow, as Android shifts.
inline int32_t shifted_left(int32_t value, int exponent) {
  return static_cast<int32_t>(static_cast<uint32_t>(value) << exponent);
}

/// value · factor, rounded twice: at 2^-31, and where the exponent is negative.
inline int32_t multiply(int32_t value, Multiplier factor) {
  if (factor.exponent > 0) return high_product(shifted_left(value, factor.exponent), factor.mantissa);
  return divide_by_power(high_product(value, factor.mantissa), -factor.exponent);
}

/// 1 / sqrt(value) of a value above 0; 0 counts as 1.
Multiplier inverse_square_root(int32_t value);

// Functions of fixed-point numbers. A number with m integer bits stands for raw / 2^(31 - m).

/// exp of a number that is not positive, with `integer_bits` of them; the result has none.
int32_t fixed_exp(int32_t raw, int integer_bits);
/// 1 / (1 + x) of x in [0, 1); none has integer bits.
int32_t fixed_inverse_of_one_plus(int32_t raw);
/// The logistic function and the hyperbolic tangent; the results have no integer bits.
int32_t fixed_logistic(int32_t raw, int integer_bits);
int32_t fixed_tanh(int32_t raw, int integer_bits);

}  // namespace passerelle::hostnn
