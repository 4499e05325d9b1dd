// What convolutions of floats and of quantized integers share: their arguments beside the tensors.
#pragma once

#include "image.h"

namespace passerelle::hostnn {

struct Convolution {
  WindowArguments window;  ///< without the filter's size
  int64_t groups = 1;
  int64_t activation = 0;
  bool nchw = false;
};
Convolution read_conv_2d(const Call& call);
/// As many groups as the image has channels.
Convolution read_depthwise_conv_2d(const Call& call);
Convolution read_grouped_conv_2d(const Call& call);

struct TransposeConvolution {
  Window window;  ///< its padding is cut away from the result; below 0 it adds zeros at the end
  int64_t activation = 0;
  bool nchw = false;
};
/// The filter's size is in pixels.
TransposeConvolution read_transpose_conv_2d(const Call& call, int64_t filter_height, int64_t filter_width);

/// The whole result of a transposed convolution, NCHW, without the window's padding. A new tensor.
Tensor cut(const Tensor& full, const Window& window);

}  // namespace passerelle::hostnn
