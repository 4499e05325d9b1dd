// What pools of floats and of quantized integers share.
#pragma once

#include "image.h"

namespace passerelle::hostnn {

struct Pool {
  Tensor image;  ///< NCHW
  Window window;
  int64_t activation = 0;
  bool nchw = false;
};
Pool read_pool(const Call& call);

/// LibTorch's own padding must be symmetric and at most half a filter.
bool padding_suits_torch(const Window& window);

/// MAX_POOL_2D of an NCHW image of floats, without its activation.
Tensor greatest_of_windows(const Tensor& image, const Window& window);

}  // namespace passerelle::hostnn
