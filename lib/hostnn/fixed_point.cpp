#include "fixed_point.h"

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

/// value · 2^exponent, saturated; exponents below 0 round.
int32_t scaled_by_power(int32_t value, int exponent) {
  if (exponent <= 0) return divide_by_power(value, -exponent);
  const int64_t result = static_cast<int64_t>(value) * (int64_t{1} << exponent);
  if (result > INT32_MAX) return INT32_MAX;
  return result < INT32_MIN ? INT32_MIN : static_cast<int32_t>(result);
}

int leading_zeros(uint32_t value) {
  int count = 0;
  for (uint32_t bit = uint32_t{1} << 31; bit != 0 && (value & bit) == 0; bit >>= 1) ++count;
  return count;
}

/// exp(x) of x in [-1/4, 0), by Taylor's series at -1/8.
int32_t exp_near_zero(int32_t raw) {
  constexpr int32_t exp_of_minus_eighth = 1895147668;
  constexpr int32_t third = 715827883;
  const int32_t x = raw + (1 << 28);
  const int32_t square = high_product(x, x);
  const int32_t cube = high_product(square, x);
  const int32_t quarter_of_fourth = divide_by_power(high_product(square, square), 2);
  const int32_t tail = divide_by_power(high_product(quarter_of_fourth + cube, third) + square, 1);
  return exp_of_minus_eighth + high_product(exp_of_minus_eighth, x + tail);
}

/// 1 / ((1 + x) / 2), by Newton's method, with 2 integer bits.
int32_t inverse_of_half_of_one_plus(int32_t raw) {
  constexpr int32_t start = 1515870810;   // 48/17
  constexpr int32_t slope = -1010580540;  // -32/17
  constexpr int32_t one = 1 << 29;
  const auto half_denominator = static_cast<int32_t>((static_cast<int64_t>(raw) + INT32_MAX + 1) / 2);
  int32_t x = start + high_product(half_denominator, slope);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = one - high_product(half_denominator, x);
    x += scaled_by_power(high_product(x, error), 2);
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

int32_t fixed_exp(int32_t raw, int integer_bits) {
  // exp(-1/4), exp(-1/2), exp(-1), ... exp(-16)
  constexpr int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (raw == 0) return INT32_MAX;
  const int fraction_bits = 31 - integer_bits;
  const int32_t quarter = 1 << (fraction_bits - 2);
  const int32_t within = (raw & (quarter - 1)) - quarter;
  const int32_t quarters = within - raw;
  int32_t result = exp_near_zero(scaled_by_power(within, integer_bits));
  for (int i = 0; i < 7 && i - 2 < integer_bits; ++i)
    if ((quarters & (1 << (fraction_bits + i - 2))) != 0) result = high_product(result, factors[i]);
  if (integer_bits > 5 && raw < -(1 << (36 - integer_bits))) return 0;  // below -32
  return result;
}

int32_t fixed_inverse_of_one_plus(int32_t raw) {
  // Halving adds an integer bit less, which leaves the digits as they are.
  return scaled_by_power(inverse_of_half_of_one_plus(raw), 1);
}

int32_t fixed_logistic(int32_t raw, int integer_bits) {
  if (raw == 0) return 1 << 30;
  const int32_t of_magnitude = fixed_inverse_of_one_plus(fixed_exp(raw > 0 ? -raw : raw, integer_bits));
  return raw > 0 ? of_magnitude : INT32_MAX - of_magnitude;
}

int32_t fixed_tanh(int32_t raw, int integer_bits) {
  if (raw == 0) return 0;
  // (1 - e) / (1 + e) with e = exp(-2 |x|); twice a number is the same digits with one integer bit more.
  const int32_t e = fixed_exp(raw > 0 ? -raw : raw, integer_bits + 1);
  const int32_t result = scaled_by_power(inverse_of_half_of_one_plus(e) - (1 << 29), 2);
  return raw > 0 ? result : -result;
}

}  // namespace passerelle::hostnn
