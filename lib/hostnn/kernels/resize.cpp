// RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR.
#include "resize.h"

#include <algorithm>
#include <cmath>

namespace passerelle::hostnn {
namespace {

/// A size in pixels, or a factor.
int64_t output_size(const Call& call, size_t index, int64_t input) {
  if (call.is(index, OperandType::INT32)) return call.integer(index);
  return static_cast<int64_t>(std::floor(static_cast<float>(input) * static_cast<float>(call.real(index))));
}

}  // namespace

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

namespace {

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

/// For each output pixel of a dimension the nearest input pixel. Where corners' centres are aligned, halves are rounded
/// away from 0.
Tensor nearest(int64_t input, int64_t output, const Resize& resize) {
  const bool aligned = resize.align_corners && output > 1;
  const float scale = aligned ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                              : static_cast<float>(input) / static_cast<float>(output);
  const float offset = resize.half_pixel_centers ? 0.5f : 0.0f;
  std::vector<int64_t> indices(output);
  for (int64_t i = 0; i < output; ++i) {
    const float place = (static_cast<float>(i) + offset) * scale;
    indices[i] =
        std::min(static_cast<int64_t>(resize.align_corners ? std::round(place) : std::floor(place)), input - 1);
  }
  return at::tensor(indices, at::kLong);
}

/// Picks whole pixels, which LibTorch does quickly where their channels lie together.
Tensors resize_nearest_neighbor(const Call& call) {
  const Resize resize = read_resize(call);
  const Tensor nhwc = resize.image.permute({0, 2, 3, 1}).contiguous();
  const Tensor picked = nhwc.index_select(1, nearest(nhwc.size(1), resize.height, resize))
                            .index_select(2, nearest(nhwc.size(2), resize.width, resize));
  return {from_nchw(picked.permute({0, 3, 1, 2}), resize.nchw)};
}

constexpr Row rows[] = {
    {OperationType::RESIZE_BILINEAR, resize_bilinear, float32 | zero_sized},
    {OperationType::RESIZE_NEAREST_NEIGHBOR, resize_nearest_neighbor, float32 | quant8 | zero_sized},
};

}  // namespace

Span<const Row> resize_rows() { return rows; }

}  // namespace passerelle::hostnn
