// Fixed-point arithmetic against real numbers, and sums of products against plain loops.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "fixed_point.h"
#include "integer_product.h"

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
    CHECK(real(inverse_square_root(value)) == Approx(expected).epsilon(2e-6));
  }
}

TEST_CASE("functions of fixed-point numbers") {
  const double one = std::ldexp(1, 31);
  for (int integer_bits : {4, 5}) {
    for (int i = 0; i <= 2000; ++i) {
      const double x = -i * 0.0075;  // to -15
      const auto raw = static_cast<int32_t>(std::ldexp(x, 31 - integer_bits));
      const double given = std::ldexp(raw, integer_bits - 31);
      REQUIRE(fixed_exp(raw, integer_bits) / one == Approx(std::exp(given)).margin(1e-6));
      REQUIRE(fixed_logistic(raw, integer_bits) / one == Approx(1 / (1 + std::exp(-given))).margin(1e-6));
      REQUIRE(fixed_logistic(-raw, integer_bits) / one == Approx(1 / (1 + std::exp(given))).margin(1e-6));
      REQUIRE(fixed_tanh(raw, integer_bits) / one == Approx(std::tanh(given)).margin(1e-6));
      REQUIRE(fixed_tanh(-raw, integer_bits) / one == Approx(std::tanh(-given)).margin(1e-6));
    }
  }
  for (double x : {0.0, 0.1, 0.5, 0.999}) {
    const auto raw = static_cast<int32_t>(x * one);
    CHECK(fixed_inverse_of_one_plus(raw) / one == Approx(1 / (1 + x)).margin(1e-6));
  }
}

TEST_CASE("functions of fixed-point numbers of 16 bits") {
  const double one = std::ldexp(1, 15);
  for (int integer_bits : {0, 3, 4, 6}) {
    for (int raw = -32768; raw <= 0; raw += 7) {
      const double x = std::ldexp(raw, integer_bits - 15);
      const auto number = static_cast<int16_t>(raw);
      const auto negative = static_cast<int16_t>(std::min(-raw, 32767));
      REQUIRE(fixed_exp(number, integer_bits) / one == Approx(std::exp(x)).margin(3e-4));
      REQUIRE(fixed_logistic(number, integer_bits) / one == Approx(1 / (1 + std::exp(-x))).margin(1e-3));
      REQUIRE(fixed_logistic(negative, integer_bits) / one == Approx(1 / (1 + std::exp(x))).margin(1e-3));
      REQUIRE(fixed_tanh(number, integer_bits) / one == Approx(std::tanh(x)).margin(1e-3));
      REQUIRE(fixed_tanh(negative, integer_bits) / one == Approx(std::tanh(-x)).margin(1e-3));
    }
  }
}

TEST_CASE("products of rows") {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> any(-255, 255);
  const auto numbers = [&](int64_t count) {
    std::vector<int16_t> result(count);
    for (int16_t& number : result) number = static_cast<int16_t>(any(random));
    return result;
  };
  for (int64_t rows = 1; rows <= 5; ++rows) {
    for (int64_t columns = 1; columns <= 9; ++columns) {
      for (int64_t inner : {16, 48, 1024}) {
        const int64_t step = inner + 3;
        const std::vector<int16_t> a = numbers(rows * step), b = numbers(columns * inner);
        std::vector<int32_t> expected(rows * columns), actual(rows * columns);
        for (int64_t row = 0; row < rows; ++row)
          for (int64_t column = 0; column < columns; ++column)
            for (int64_t i = 0; i < inner; ++i)
              expected[row * columns + column] += a[row * step + i] * b[column * inner + i];
        multiply_rows(a.data(), step, rows, b.data(), columns, inner, actual.data());
        REQUIRE(actual == expected);
      }
    }
  }
  for (int64_t count : {1, 7, 16, 100}) {
    const std::vector<int16_t> a = numbers(count), b = numbers(count);
    std::vector<int32_t> expected(count, 5), actual(count, 5);
    for (int64_t i = 0; i < count; ++i) expected[i] += a[i] * b[i];
    add_products(a.data(), b.data(), count, actual.data());
    REQUIRE(actual == expected);
  }
}
