// Graphs whose layouts are easily mistaken: what a port's caller promised, and columns behind a flattening.
#include "catch.h"
#include "levels.h"

namespace passerelle::tests {
namespace {

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
  require_from(1, [](Sketch& s) {
    const OperandId x = s.input({1, 4, 4, 4});
    s.module().ports.inputs[0].caller_layout = s.module().ports.inputs[0].nnapi_layout = graph::Layout::channels_last;
    s.output(convolution(s, transposed(s, x, {0, 2, 3, 1})));
    s.module().ports.outputs[0].caller_layout = s.module().ports.outputs[0].nnapi_layout = graph::Layout::channels_last;
  });
}

TEST_CASE("weights behind a reshape that splits a dimension keep their columns") {
  require_from(1, [](Sketch& s) {
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
