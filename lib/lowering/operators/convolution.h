// Convolutions of images, whatever their element type: what the families for floats and for integers share.
#pragma once

#include "context.h"
#include "image.h"

namespace passerelle::lowering {

struct ConvolutionParameters {
  OperandId weights;  ///< rank 4. Ordinary: [out, in / groups, height, width]; transposed: [in, out / groups, ...]
  OperandId bias;     ///< [out]
  HeightWidth stride{1, 1};
  HeightWidth padding{0, 0};
  HeightWidth dilation{1, 1};
  HeightWidth output_padding{0, 0};  ///< transposed only
  uint32_t groups = 1;
  bool same_padding = false;   ///< ordinary only: "same" instead of `padding`
  graph::Quantization output;  ///< of the result, where the image is quantized
};

/// NHWC to NHWC.
OperandId convolution(Context& c, OperandId nhwc, const ConvolutionParameters& parameters);
OperandId transposed_convolution(Context& c, OperandId nhwc, const ConvolutionParameters& parameters);

}  // namespace passerelle::lowering
