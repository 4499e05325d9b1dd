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

/// Whether filter and bias are known float32 numbers.
bool has_constant_filter(Rewriter& r, const Operation& operation);

/// CONV_2D without dilation, with the activation of `like` and a result of this shape.
OperandId convolve(Rewriter& r, const Operation& like, OperandId input, OperandId filter, OperandId bias,
                   const Window& window, const Shape& shape);

}  // namespace passerelle::passes
