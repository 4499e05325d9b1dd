// The integer arithmetic of Android's quantized CPU kernels: real factors as fixed-point multipliers, and functions of
// fixed-point numbers. Each result is the very integer that Android computes.
#pragma once

#include <cstdint>
#include <limits>

namespace passerelle::hostnn {

/// mantissa / 2^31 · 2^exponent. The mantissa is 0, or in [2^30, 2^31).
struct Multiplier {
  int32_t mantissa = 0;
  int exponent = 0;
};

/// The nearest multiplier of a factor that is not negative; 0 below 2^-32.
Multiplier multiplier_of(double factor);

/// 2·a·b / 2^32 of 32-bit numbers, 2·a·b / 2^16 of 16-bit ones, halves rounded upwards; the one product that does not
/// fit is saturated.
template <typename Raw>
Raw high_product(Raw a, Raw b) {
  constexpr int bits = 8 * sizeof(Raw);
  if (a == std::numeric_limits<Raw>::min() && b == a) return std::numeric_limits<Raw>::max();
  const int64_t product = static_cast<int64_t>(a) * b;
  const int64_t half = product >= 0 ? int64_t{1} << (bits - 2) : 1 - (int64_t{1} << (bits - 2));
  return static_cast<Raw>((product + half) / (int64_t{1} << (bits - 1)));
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

/// value · 2^exponent, saturated; exponents below 0 round.
template <typename Raw>
Raw scaled_by_power(Raw value, int exponent) {
  if (exponent <= 0) return static_cast<Raw>(divide_by_power(value, -exponent));
  const int64_t result = static_cast<int64_t>(value) * (int64_t{1} << exponent);
  if (result > std::numeric_limits<Raw>::max()) return std::numeric_limits<Raw>::max();
  return result < std::numeric_limits<Raw>::min() ? std::numeric_limits<Raw>::min() : static_cast<Raw>(result);
}

// Functions of fixed-point numbers of 32 or 16 bits. A number with m integer bits stands for raw / 2^(31 - m), or
// raw / 2^(15 - m).

/// exp of a number that is not positive, with `integer_bits` of them; the result has none.
template <typename Raw>
Raw fixed_exp(Raw raw, int integer_bits);
/// 1 / (1 + x) of x in [0, 1); none has integer bits.
template <typename Raw>
Raw fixed_inverse_of_one_plus(Raw raw);
/// The logistic function and the hyperbolic tangent; the results have no integer bits.
template <typename Raw>
Raw fixed_logistic(Raw raw, int integer_bits);
template <typename Raw>
Raw fixed_tanh(Raw raw, int integer_bits);

}  // namespace passerelle::hostnn
