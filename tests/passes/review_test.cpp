// Graphs that once converted to wrong numbers, each found by reading or by trying what nobody had tried.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "executor.h"
#include "sketch.h"

namespace passerelle::tests {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Either refused, or as the graph itself computes; NaN equals NaN.
void require_right_or_refused(Sketch& sketch, int level) {
  const std::vector<Floats> inputs = random_inputs(sketch.graph(), 7);
  const std::vector<Floats> expected = execute(sketch.graph(), inputs);
  const Attempt attempt = attempt_at(sketch.graph(), level, inputs);
  CAPTURE(level);
  INFO(to_text(sketch.graph()));
  if (!attempt.diagnostics.empty()) return;
  for (size_t i = 0; i < expected.size(); ++i)
    for (size_t j = 0; j < expected[i].size(); ++j) {
      const float a = expected[i][j], b = attempt.outputs[i][j];
      INFO("output " << i << ", element " << j << ": " << a << " became " << b);
      REQUIRE((a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 2e-5f * std::max(1.0f, std::abs(a))));
    }
}

void require_at_all_levels(void (*build)(Sketch&)) {
  for (int level = 1; level <= 8; ++level) {
    Sketch sketch(1);
    build(sketch);
    require_right_or_refused(sketch, level);
  }
}

OperandId transposed(Sketch& s, OperandId x, const graph::Permutation& permutation) {
  const OperandId order = s.list({permutation.begin(), permutation.end()});
  return s.emit(Op::TRANSPOSE, {{"input", x}, {"permutation", order}}, graph::permuted(s.shape_of(x), permutation));
}

OperandId convolution(Sketch& s, OperandId nhwc) {
  const uint32_t channels = s.shape_of(nhwc)[3];
  return s.emit(Op::CONV_2D,
                {{"input", nhwc},
                 {"filter", s.constant({channels, 1, 1, channels})},
                 {"bias", s.constant({channels})},
                 {"padding_left", 0},
                 {"padding_right", 0},
                 {"padding_top", 0},
                 {"padding_bottom", 0},
                 {"stride_width", 1},
                 {"stride_height", 1}},
                s.shape_of(nhwc));
}

}  // namespace

TEST_CASE("a port that the caller fills as NHWC is not converted by the loader too") {
  require_at_all_levels([](Sketch& s) {
    const OperandId x = s.input({1, 4, 4, 4});
    s.graph().inputs[0].caller_layout = s.graph().inputs[0].nnapi_layout = graph::Layout::channels_last;
    s.output(convolution(s, transposed(s, x, {0, 2, 3, 1})));
    s.graph().outputs[0].caller_layout = s.graph().outputs[0].nnapi_layout = graph::Layout::channels_last;
  });
}

TEST_CASE("operations that differ in a NaN or in the sign of zero are not one operation") {
  require_at_all_levels([](Sketch& s) {
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
      require_right_or_refused(s, level);
    }
  }
}

TEST_CASE("elements are not picked by a product where a constant is infinite") {
  require_at_all_levels([](Sketch& s) {
    const OperandId x = s.input({2, 6});
    const OperandId mask = s.binary(Op::MUL, s.scalar(infinity), s.scalar(1));
    const OperandId masked = s.emit(
        Op::CONCATENATION, {{"inputs", std::vector<OperandId>{x, s.binary(Op::ADD, x, mask)}}, {"axis", 1}}, {2, 12});
    s.output(s.emit(Op::SLICE, {{"input", masked}, {"begin", s.list({0, 1})}, {"size", s.list({2, 5})}}, {2, 5}));
  });
}

TEST_CASE("powers of numbers below zero, and quotients of what may be zero") {
  for (float exponent : {66.0f, 65.0f, 2.5f, -1.0f, -3.0f, 100.0f}) {
    for (int level = 1; level <= 4; ++level) {
      Sketch s(3);
      const OperandId x = s.binary(Op::SUB, s.binary(Op::MUL, s.input({2, 8}), s.scalar(0.01f)), s.scalar(1));
      s.output(s.emit(Op::POW, {{"base", x}, {"exponent", s.scalar(exponent)}}, {2, 8}));
      s.output(s.binary(Op::DIV, s.input({2, 8}), s.unary(Op::RELU, s.input({2, 8}))));
      require_right_or_refused(s, level);
    }
  }
}

TEST_CASE("weights behind a reshape that splits a dimension keep their columns") {
  require_at_all_levels([](Sketch& s) {
    const OperandId x = s.unary(Op::RELU, s.input({1, 4}));
    auto layer = [&](OperandId input, uint32_t columns) {
      return s.emit(Op::FULLY_CONNECTED,
                    {{"input", input}, {"weights", s.constant({3, columns})}, {"bias", s.constant({3})}},
                    {s.shape_of(input)[0], 3});
    };
    s.output(layer(transposed(s, x, {1, 0}), 1));  // so that x is best stored as a column
    s.output(layer(s.emit(Op::RESHAPE, {{"input", x}, {"shape", s.list({2, 2})}}, {2, 2}), 2));
  });
}

}  // namespace passerelle::tests
