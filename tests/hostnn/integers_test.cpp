// Fixed-point arithmetic against real numbers, and sums of products against plain loops.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "catch.h"
#include "integers/fixed_point.h"
#include "integers/integer_kernels.h"

using namespace passerelle::hostnn;

namespace {

double real(Multiplier factor) { return std::ldexp(factor.mantissa, factor.exponent - 31); }

}  // namespace

TEST_CASE("halves are rounded as Android rounds them") {
  CHECK(divide_by_power(3, 1) == 2);
  CHECK(divide_by_power(-3, 1) == -2);
  CHECK(divide_by_power(5, 2) == 1);
  CHECK(divide_by_power(6, 2) == 2);
  CHECK(divide_by_power(-6, 2) == -2);
  CHECK(divide_by_power(7, 0) == 7);
  CHECK(divide_by_power(INT32_MAX, 31) == 1);
  CHECK(divide_by_power(INT32_MIN, 31) == -1);
  CHECK(high_product(1 << 30, 1) == 1);
  CHECK(high_product(-(1 << 30), 1) == 0);
  CHECK(high_product(-(1 << 30), 3) == -1);
  CHECK(high_product(INT32_MIN, INT32_MIN) == INT32_MAX);
  CHECK(high_product(INT32_MAX, INT32_MAX) == INT32_MAX - 1);
}

TEST_CASE("multipliers") {
  CHECK(multiplier_of(0).mantissa == 0);
  CHECK(multiplier_of(std::ldexp(1, -40)).mantissa == 0);
  CHECK(real(multiplier_of(1)) == 1);
  CHECK(real(multiplier_of(1 - 1e-15)) == 1);  // its mantissa is rounded up to the next power
  std::mt19937 random(1);
  std::uniform_real_distribution<double> logarithm(-20, 6), value(-1e6, 1e6);
  for (int i = 0; i < 10000; ++i) {
    const double factor = std::exp2(logarithm(random));
    const Multiplier multiplier = multiplier_of(factor);
    REQUIRE(std::abs(real(multiplier) - factor) <= factor * std::ldexp(1, -31));
    const auto integer = static_cast<int32_t>(value(random));
    // Rounded once at 2^-31, and once more where the factor is small.
    const double first = multiplier.exponent < 0 ? std::ldexp(0.5, multiplier.exponent) : 0;
    REQUIRE(std::abs(multiply(integer, multiplier) - integer * real(multiplier)) <= 0.5 + first);
  }
}

TEST_CASE("roots") {
  for (int32_t value : {0, 1, 2, 3, 100, 65025, 1 << 20, (1 << 29) - 1, 1 << 29, INT32_MAX}) {
    const double expected = 1 / std::sqrt(std::max(value, 1));
    // Five steps of Newton's method come no nearer where the root is far from where they start.
    CHECK(real(inverse_square_root(value)) == Catch::Approx(expected).epsilon(2e-6));
  }
}

TEST_CASE("functions of fixed-point numbers") {
  const double one = std::ldexp(1, 31);
  for (int integer_bits : {4, 5}) {
    for (int i = 0; i <= 2000; ++i) {
      const double x = -i * 0.0075;  // to -15
      const auto raw = static_cast<int32_t>(std::ldexp(x, 31 - integer_bits));
      const double given = std::ldexp(raw, integer_bits - 31);
      REQUIRE(fixed_exp(raw, integer_bits) / one == Catch::Approx(std::exp(given)).margin(1e-6));
      REQUIRE(fixed_logistic(raw, integer_bits) / one == Catch::Approx(1 / (1 + std::exp(-given))).margin(1e-6));
      REQUIRE(fixed_logistic(-raw, integer_bits) / one == Catch::Approx(1 / (1 + std::exp(given))).margin(1e-6));
      REQUIRE(fixed_tanh(raw, integer_bits) / one == Catch::Approx(std::tanh(given)).margin(1e-6));
      REQUIRE(fixed_tanh(-raw, integer_bits) / one == Catch::Approx(std::tanh(-given)).margin(1e-6));
    }
  }
  for (double x : {0.0, 0.1, 0.5, 0.999}) {
    const auto raw = static_cast<int32_t>(x * one);
    CHECK(fixed_inverse_of_one_plus(raw) / one == Catch::Approx(1 / (1 + x)).margin(1e-6));
  }
}

TEST_CASE("functions of fixed-point numbers of 16 bits") {
  const double one = std::ldexp(1, 15);
  for (int integer_bits : {0, 3, 4, 6}) {
    for (int raw = -32768; raw <= 0; raw += 7) {
      const double x = std::ldexp(raw, integer_bits - 15);
      const auto number = static_cast<int16_t>(raw);
      const auto negative = static_cast<int16_t>(std::min(-raw, 32767));
      REQUIRE(fixed_exp(number, integer_bits) / one == Catch::Approx(std::exp(x)).margin(3e-4));
      REQUIRE(fixed_logistic(number, integer_bits) / one == Catch::Approx(1 / (1 + std::exp(-x))).margin(1e-3));
      REQUIRE(fixed_logistic(negative, integer_bits) / one == Catch::Approx(1 / (1 + std::exp(x))).margin(1e-3));
      REQUIRE(fixed_tanh(number, integer_bits) / one == Catch::Approx(std::tanh(x)).margin(1e-3));
      REQUIRE(fixed_tanh(negative, integer_bits) / one == Catch::Approx(std::tanh(-x)).margin(1e-3));
    }
  }
}

namespace {

/// Those that this processor has.
std::vector<const IntegerKernels*> all_kernels() {
  std::vector<const IntegerKernels*> kernels{&plain_kernels};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) kernels.push_back(&avx2_kernels);
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    kernels.push_back(&avx512_kernels);
#endif
  return kernels;
}

std::vector<int16_t> random_numbers(int64_t count, std::mt19937& random) {
  std::uniform_int_distribution<int> any(-255, 255);
  std::vector<int16_t> result(count);
  for (int16_t& number : result) number = static_cast<int16_t>(any(random));
  return result;
}

}  // namespace

TEST_CASE("products of rows") {
  std::mt19937 random(1);
  for (int64_t rows : {1, 2, 5, 8, 19}) {
    for (int64_t columns : {1, 9, 16, 17, 50}) {
      for (int64_t inner : {1, 2, 27, 1024}) {
        const int64_t step = padded_to_pair(inner) + 3;
        std::vector<int16_t> a = random_numbers(rows * step, random);
        const std::vector<int16_t> b = random_numbers(columns * inner, random);
        if (inner % 2 != 0)
          for (int64_t row = 0; row < rows; ++row) a[row * step + inner] = 0;
        const PackedColumns packed(b.data(), columns, inner);
        for (const IntegerKernels* kernels : all_kernels()) {
          std::vector<int32_t> actual(rows * packed.padded_count());
          kernels->multiply(a.data(), step, rows, packed.data(), packed.padded_count() / panel_columns, packed.inner(),
                            actual.data(), packed.padded_count());
          for (int64_t row = 0; row < rows; ++row)
            for (int64_t column = 0; column < columns; ++column) {
              int32_t expected = 0;
              for (int64_t i = 0; i < inner; ++i) expected += a[row * step + i] * b[column * inner + i];
              REQUIRE(actual[row * packed.padded_count() + column] == expected);
            }
        }
      }
    }
  }
}

TEST_CASE("sums of products over taps") {
  std::mt19937 random(2);
  for (int64_t count : {1, 7, 16, 33, 64, 150}) {
    for (int64_t taps : {1, 9}) {
      const std::vector<int16_t> image = random_numbers(taps * count, random);
      const std::vector<int16_t> weights = random_numbers(taps * count, random);
      std::vector<const int16_t*> pixels;
      std::vector<int32_t> expected(count), actual(count);
      for (int64_t tap = 0; tap < taps; ++tap) {
        pixels.push_back(image.data() + tap * count);
        for (int64_t i = 0; i < count; ++i) expected[i] += image[tap * count + i] * weights[tap * count + i];
      }
      for (const IntegerKernels* kernels : all_kernels()) {
        kernels->sum_products(pixels.data(), weights.data(), taps, count, actual.data());
        REQUIRE(actual == expected);
      }
    }
  }
}

TEST_CASE("sums are rescaled as single numbers are multiplied") {
  std::mt19937 random(3);
  std::uniform_int_distribution<int32_t> any(INT32_MIN, INT32_MAX), bits(0, 31);
  std::uniform_real_distribution<double> logarithm(-34, 4);
  constexpr int64_t count = 5000, first = 3;
  Rescaling rescaling;
  std::vector<Multiplier> factors;
  std::vector<int32_t> sums;
  for (int64_t i = 0; i < first + count; ++i) {
    factors.push_back(multiplier_of(std::exp2(logarithm(random))));
    rescaling.mantissas.push_back(factors.back().mantissa);
    rescaling.left_shifts.push_back(std::max(factors.back().exponent, 0));
    rescaling.right_shifts.push_back(std::max(-factors.back().exponent, 0));
    rescaling.bias.push_back(any(random) >> bits(random));
    sums.push_back(any(random) >> bits(random));
  }
  for (const bool is_signed : {false, true}) {
    rescaling.zero_point = is_signed ? -5 : 120;
    rescaling.lowest = is_signed ? -128 : 0;
    rescaling.highest = is_signed ? 100 : 255;
    for (const IntegerKernels* kernels : all_kernels()) {
      std::vector<uint8_t> actual(count);
      kernels->rescale(rescaling, sums.data() + first, first, count, actual.data());
      for (int64_t i = 0; i < count; ++i) {
        const auto sum = static_cast<int32_t>(static_cast<uint32_t>(sums[first + i]) +
                                              static_cast<uint32_t>(rescaling.bias[first + i]));
        const int64_t integer = int64_t{multiply(sum, factors[first + i])} + rescaling.zero_point;
        const auto limited = std::clamp<int64_t>(integer, rescaling.lowest, rescaling.highest);
        REQUIRE(actual[i] == static_cast<uint8_t>(limited));
      }
    }
  }
}

TEST_CASE("bytes are centred") {
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  for (const IntegerKernels* kernels : all_kernels()) {
    std::vector<int16_t> actual(255);
    kernels->centre(bytes.data() + 1, 255, false, 255, actual.data());
    for (int i = 0; i < 255; ++i) REQUIRE(actual[i] == i + 1 - 255);
    kernels->centre(bytes.data() + 1, 255, true, -128, actual.data());
    for (int i = 0; i < 255; ++i) REQUIRE(actual[i] == static_cast<int8_t>(i + 1) + 128);
  }
}
