// Constants and values at the ends of what floats are: NaN, infinity, zero and its sign, numbers whose products
// overflow.
#include <cmath>
#include <limits>

#include "catch.h"
#include "levels.h"

namespace passerelle::tests {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("operations that differ in a NaN or in the sign of zero are not one operation") {
  require_from(1, [](Sketch& s) {
    const OperandId x = s.input({2, 3});
    for (float fill : {std::nanf(""), 5.0f, 0.0f, -0.0f}) {
      const OperandId paddings = s.rows({0, 0, 1, 1}, 2);
      s.output(s.emit(Op::PAD_V2, {{"input", x}, {"paddings", paddings}, {"pad_value", fill}}, {2, 5}));
    }
  });
}

TEST_CASE("factors that weights do not survive stay behind the layer") {
  for (float factor : {infinity, 0.0f, 1e-30f, 1e30f}) {
    for (int level : {3, 8}) {
      Sketch s(2);
      const OperandId x = s.input({3, 4});
      const OperandId layer = s.emit(
          Op::FULLY_CONNECTED, {{"input", x}, {"weights", s.constant({5, 4})}, {"bias", s.constant({5})}}, {3, 5});
      const OperandId small = s.binary(Op::MUL, s.binary(Op::MUL, layer, s.scalar(factor)), s.scalar(1e-15f));
      s.output(s.binary(Op::MUL, small, s.scalar(1e30f)));
      require_right(s, level, 1);
    }
  }
}

TEST_CASE("elements are not picked by a product where a constant is infinite") {
  require_from(2, [](Sketch& s) {
    const OperandId x = s.input({2, 6});
    const OperandId mask = s.binary(Op::MUL, s.scalar(infinity), s.scalar(1));
    const OperandId masked = s.emit(
        Op::CONCATENATION, {{"inputs", std::vector<OperandId>{x, s.binary(Op::ADD, x, mask)}}, {"axis", 1}}, {2, 12});
    s.output(s.emit(Op::SLICE, {{"input", masked}, {"begin", s.list({0, 1})}, {"size", s.list({2, 5})}}, {2, 5}));
  });
}

TEST_CASE("powers of numbers below zero") {
  // Whole exponents are products, and below zero their quotients; other powers of numbers below zero are POW's alone.
  const struct {
    float exponent;
    int lowest_level;
  } rows[] = {{66.0f, 1}, {65.0f, 1}, {2.5f, 3}, {-1.0f, 2}, {-3.0f, 2}, {100.0f, 1}};
  for (const auto& row : rows) {
    CAPTURE(row.exponent);
    for (int level = 1; level <= 4; ++level) {
      Sketch s(3);
      const OperandId x = s.binary(Op::SUB, s.binary(Op::MUL, s.input({2, 8}), s.scalar(0.01f)), s.scalar(1));
      s.output(s.emit(Op::POW, {{"base", x}, {"exponent", s.scalar(row.exponent)}}, {2, 8}));
      require_right(s, level, row.lowest_level);
    }
  }
}

TEST_CASE("quotients of what may be zero") {
  require_from(2, [](Sketch& s) { s.output(s.binary(Op::DIV, s.input({2, 8}), s.unary(Op::RELU, s.input({2, 8})))); });
}

}  // namespace passerelle::tests
