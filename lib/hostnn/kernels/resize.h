// What resizing of floats and of quantized integers share.
#pragma once

#include "image.h"

namespace passerelle::hostnn {

struct Resize {
  Tensor image;  ///< NCHW
  int64_t height = 0;
  int64_t width = 0;
  bool nchw = false;
  bool align_corners = false;
  bool half_pixel_centers = false;
};
Resize read_resize(const Call& call);

}  // namespace passerelle::hostnn
