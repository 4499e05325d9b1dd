// RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR.
#include <algorithm>
#include <cmath>

#include "kernels/image.h"

namespace passerelle::hostnn {
namespace {

struct Resize {
  Tensor image;  // NCHW
  int64_t height = 0;
  int64_t width = 0;
  bool nchw = false;
  bool align_corners = false;
  bool half_pixel_centers = false;
};

/// A size in pixels, or a factor.
int64_t output_size(const Call& call, size_t index, int64_t input) {
  if (call.is(index, OperandType::INT32)) return call.integer(index);
  return static_cast<int64_t>(std::floor(static_cast<float>(input) * static_cast<float>(call.real(index))));
}

Resize read_resize(const Call& call) {
  Resize resize;
  resize.nchw = call.boolean_or(3, false);
  resize.align_corners = call.boolean_or(4, false);
  resize.half_pixel_centers = call.boolean_or(5, false);
  require(!(resize.align_corners && resize.half_pixel_centers),
          "align_corners and half_pixel_centers exclude each other");
  resize.image = to_nchw(call.tensor(0), resize.nchw);
  require(resize.image.size(1) > 0 && resize.image.size(2) > 0 && resize.image.size(3) > 0,
          "only the batch may be of size 0");
  resize.width = output_size(call, 1, resize.image.size(3));
  resize.height = output_size(call, 2, resize.image.size(2));
  require(resize.width > 0 && resize.height > 0, "the output's size is not positive");
  return resize;
}

/// Linear interpolation where an output pixel's left edge, not its centre, is scaled. LibTorch has no such mode, but
/// with the last row and column once more at the end, aligned corners have the very same scale, input / output; what
/// comes out beyond the wanted size is dropped.
Tensor interpolate_from_edges(const Tensor& image, int64_t height, int64_t width) {
  Tensor extended = at::cat({image, image.narrow(2, image.size(2) - 1, 1)}, 2);
  extended = at::cat({extended, extended.narrow(3, image.size(3) - 1, 1)}, 3);
  return at::upsample_bilinear2d(extended, {height + 1, width + 1}, true).narrow(2, 0, height).narrow(3, 0, width);
}

Tensors resize_bilinear(const Call& call) {
  const Resize resize = read_resize(call);
  const bool from_edges = !resize.align_corners && !resize.half_pixel_centers;
  const Tensor result =
      from_edges ? interpolate_from_edges(resize.image, resize.height, resize.width)
                 : at::upsample_bilinear2d(resize.image, {resize.height, resize.width}, resize.align_corners);
  return {from_nchw(result, resize.nchw)};
}

/// For each output pixel of a dimension the nearest input pixel, where the corners' centres are aligned: halves are
/// rounded away from 0.
Tensor nearest_aligned(int64_t input, int64_t output) {
  const float scale = output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                                 : static_cast<float>(input) / static_cast<float>(output);
  std::vector<int64_t> nearest(output);
  for (int64_t i = 0; i < output; ++i)
    nearest[i] = std::min(static_cast<int64_t>(std::round(static_cast<float>(i) * scale)), input - 1);
  return at::tensor(nearest, at::kLong);
}

/// Picks whole pixels, which LibTorch does quickly where their channels lie together.
Tensor pick_aligned(const Tensor& nchw, int64_t height, int64_t width) {
  const Tensor nhwc = nchw.permute({0, 2, 3, 1}).contiguous();
  return nhwc.index_select(1, nearest_aligned(nhwc.size(1), height))
      .index_select(2, nearest_aligned(nhwc.size(2), width))
      .permute({0, 3, 1, 2});
}

Tensors resize_nearest_neighbor(const Call& call) {
  const Resize resize = read_resize(call);
  const std::vector<int64_t> size{resize.height, resize.width};
  Tensor result;
  if (resize.align_corners) {
    result = pick_aligned(resize.image, resize.height, resize.width);
  } else if (resize.half_pixel_centers) {
    result = at::_upsample_nearest_exact2d(resize.image, size);
  } else {
    result = at::upsample_nearest2d(resize.image, size);
  }
  return {from_nchw(result, resize.nchw)};
}

constexpr Row rows[] = {
    {OperationType::RESIZE_BILINEAR, resize_bilinear, float32 | zero_sized},
    {OperationType::RESIZE_NEAREST_NEIGHBOR, resize_nearest_neighbor, float32 | zero_sized},
};

}  // namespace

Span<const Row> resize_rows() { return rows; }

}  // namespace passerelle::hostnn
