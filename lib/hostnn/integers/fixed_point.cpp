#include "fixed_point.h"

#include <algorithm>
#include <cmath>

namespace passerelle::hostnn {

Multiplier multiplier_of(double factor) {
  Multiplier result;
  if (factor == 0) return result;
  int64_t mantissa = std::llround(std::frexp(factor, &result.exponent) * static_cast<double>(int64_t{1} << 31));
  if (mantissa == int64_t{1} << 31) {
    mantissa /= 2;
    ++result.exponent;
  }
  if (result.exponent < -31) return {};
  if (result.exponent > 30) return {INT32_MAX, 30};
  result.mantissa = static_cast<int32_t>(mantissa);
  return result;
}

namespace {

int leading_zeros(uint32_t value) {
  int count = 0;
  for (uint32_t bit = uint32_t{1} << 31; bit != 0 && (value & bit) == 0; bit >>= 1) ++count;
  return count;
}

/// A constant that is written for 32 bits.
template <typename Raw>
Raw constant(int32_t value) {
  return static_cast<Raw>(divide_by_power(value, 32 - 8 * static_cast<int>(sizeof(Raw))));
}

template <typename Raw>
constexpr int digits = 8 * sizeof(Raw) - 1;

/// exp(x) of x in [-1/4, 0), by Taylor's series at -1/8.
template <typename Raw>
Raw exp_near_zero(Raw raw) {
  const auto exp_of_minus_eighth = constant<Raw>(1895147668);
  const auto third = constant<Raw>(715827883);
  const auto x = static_cast<Raw>(raw + (Raw{1} << (digits<Raw> - 3)));
  const Raw square = high_product(x, x);
  const Raw cube = high_product(square, x);
  const Raw quarter_of_fourth = scaled_by_power(high_product(square, square), -2);
  const auto third_of_sum = high_product(static_cast<Raw>(quarter_of_fourth + cube), third);
  const Raw tail = scaled_by_power(static_cast<Raw>(third_of_sum + square), -1);
  const int64_t result = int64_t{exp_of_minus_eighth} + high_product(exp_of_minus_eighth, static_cast<Raw>(x + tail));
  return static_cast<Raw>(std::min<int64_t>(result, std::numeric_limits<Raw>::max()));
}

/// 1 / ((1 + x) / 2), by Newton's method, with 2 integer bits.
template <typename Raw>
Raw inverse_of_half_of_one_plus(Raw raw) {
  const auto start = constant<Raw>(1515870810);   // 48/17
  const auto slope = constant<Raw>(-1010580540);  // -32/17
  const Raw one = Raw{1} << (digits<Raw> - 2);
  const auto half_denominator = static_cast<Raw>((int64_t{raw} + std::numeric_limits<Raw>::max() + 1) / 2);
  auto x = static_cast<Raw>(start + high_product(half_denominator, slope));
  for (int i = 0; i < 3; ++i) {
    const auto error = static_cast<Raw>(one - high_product(half_denominator, x));
    x = static_cast<Raw>(x + scaled_by_power(high_product(x, error), 2));
  }
  return x;
}

}  // namespace

Multiplier inverse_square_root(int32_t value) {
  constexpr int32_t half_of_root_of_two = 1518500250;
  constexpr int32_t three_halves = (1 << 28) + (1 << 27);  // 3 integer bits, as all below
  if (value <= 1) return {INT32_MAX, 0};
  int right_shift = 11;
  for (; value >= 1 << 29; ++right_shift) value /= 4;
  const int pairs = (leading_zeros(static_cast<uint32_t>(value)) - 1) / 2 - 1;
  right_shift -= pairs;
  value <<= 2 * pairs;
  const int32_t half = divide_by_power(value >> 1, 1);
  int32_t x = 1 << 28;
  for (int i = 0; i < 5; ++i) {
    const int32_t cube = scaled_by_power(high_product(high_product(x, x), x), 6);
    x = scaled_by_power(high_product(three_halves, x) - high_product(half, cube), 3);
  }
  x = high_product(x, half_of_root_of_two);
  if (right_shift < 0) return {shifted_left(x, -right_shift), 0};
  return {x, -right_shift};
}

template <typename Raw>
Raw fixed_exp(Raw raw, int integer_bits) {
  // exp(-1/4), exp(-1/2), exp(-1), ... exp(-16)
  constexpr int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (raw == 0) return std::numeric_limits<Raw>::max();
  const int fraction_bits = digits<Raw> - integer_bits;
  const int32_t quarter = 1 << (fraction_bits - 2);
  const int32_t within = (raw & (quarter - 1)) - quarter;
  const int32_t quarters = within - raw;
  Raw result = exp_near_zero(scaled_by_power(static_cast<Raw>(within), integer_bits));
  for (int i = 0; i < 7 && i - 2 < integer_bits; ++i)
    if ((quarters & (1 << (fraction_bits + i - 2))) != 0) result = high_product(result, constant<Raw>(factors[i]));
  if (integer_bits > 5 && raw < -(1 << (fraction_bits + 5))) return 0;  // below -32
  return result;
}

template <typename Raw>
Raw fixed_inverse_of_one_plus(Raw raw) {
  // Halving takes an integer bit away, which leaves the digits as they are.
  return scaled_by_power(inverse_of_half_of_one_plus(raw), 1);
}

template <typename Raw>
Raw fixed_logistic(Raw raw, int integer_bits) {
  if (raw == 0) return Raw{1} << (digits<Raw> - 1);
  const auto negative = static_cast<Raw>(raw > 0 ? -raw : raw);
  const Raw of_magnitude = fixed_inverse_of_one_plus(fixed_exp(negative, integer_bits));
  return raw > 0 ? of_magnitude : static_cast<Raw>(std::numeric_limits<Raw>::max() - of_magnitude);
}

template <typename Raw>
Raw fixed_tanh(Raw raw, int integer_bits) {
  if (raw == 0) return 0;
  // (1 - e) / (1 + e) with e = exp(-2 |x|); twice a number is the same digits with one integer bit more.
  const Raw e = fixed_exp(static_cast<Raw>(raw > 0 ? -raw : raw), integer_bits + 1);
  const Raw one = Raw{1} << (digits<Raw> - 2);
  const Raw result = scaled_by_power(static_cast<Raw>(inverse_of_half_of_one_plus(e) - one), 2);
  return raw > 0 ? result : static_cast<Raw>(-result);
}

template int32_t fixed_exp(int32_t, int);
template int16_t fixed_exp(int16_t, int);
template int32_t fixed_inverse_of_one_plus(int32_t);
template int16_t fixed_inverse_of_one_plus(int16_t);
template int32_t fixed_logistic(int32_t, int);
template int16_t fixed_logistic(int16_t, int);
template int32_t fixed_tanh(int32_t, int);
template int16_t fixed_tanh(int16_t, int);

}  // namespace passerelle::hostnn
