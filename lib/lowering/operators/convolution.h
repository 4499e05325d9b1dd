// Convolutions of images, whatever their element type: what the families for floats and for integers share.
#pragma once

#include "context.h"
#include "image.h"

namespace passerelle::lowering {

struct ConvolutionParameters {
  Value weights;  ///< rank 4. Ordinary: [out, in / groups, height, width]; transposed: [in, out / groups, ...]
  Value bias;     ///< [out]
  HeightWidth stride{1, 1};
  HeightWidth padding{0, 0};
  HeightWidth dilation{1, 1};
  HeightWidth output_padding{0, 0};  ///< transposed only
  uint32_t groups = 1;
  bool same_padding = false;     ///< ordinary only: "same" instead of `padding`
  graph::Quantization output{};  ///< of the result, where the image is quantized
};

/// NHWC to NHWC.
Value convolution(Context& c, Value nhwc, const ConvolutionParameters& parameters);
Value transposed_convolution(Context& c, Value nhwc, const ConvolutionParameters& parameters);

}  // namespace passerelle::lowering
