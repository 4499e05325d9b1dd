// What the rewrites of convolutions share.
#pragma once

#include "rewriter.h"

namespace passerelle::passes {

/// How a filter goes over one dimension of an image.
struct Axis {
  int32_t before;  // padding
  int32_t after;
  int32_t stride;
};

struct Window {
  Axis height;
  Axis width;
};

/// Whether filter and bias are known: float32, or unsigned integers of one scale for all channels.
bool has_constant_filter(Rewriter& r, const Operation& operation);

/// The filter's elements: numbers, or integers with `zero` among them.
struct FilterValues {
  std::vector<float> values;
  float zero = 0;
};
FilterValues values_of_filter(Rewriter& r, OperandId filter);

/// Elements in place of the filter's own, with its scale and zero point.
OperandId filter_of(Rewriter& r, OperandId like, std::vector<float> values, const Shape& shape);

/// CONV_2D without dilation, with the activation of `like` and a result of this shape.
OperandId convolve(Rewriter& r, const Operation& like, OperandId input, OperandId filter, OperandId bias,
                   const Window& window, const Shape& shape);

}  // namespace passerelle::passes
