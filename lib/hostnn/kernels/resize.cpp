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

/// Input pixels a step of the output.
float scale_of(int64_t input, int64_t output, bool align_corners) {
  return align_corners && output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                                     : static_cast<float>(input) / static_cast<float>(output);
}

/// Linear interpolation along one dimension of an NCHW image, where an output pixel's left edge, not its centre, is
/// scaled: LibTorch has no such mode.
Tensor interpolate_from_edges(const Tensor& image, int64_t dimension, int64_t output) {
  const int64_t input = image.size(dimension);
  if (input == output) return image;
  const float scale = scale_of(input, output, false);
  std::vector<int64_t> lower(output);
  std::vector<int64_t> upper(output);
  std::vector<float> fraction(output);
  for (int64_t i = 0; i < output; ++i) {
    const float position = static_cast<float>(i) * scale;
    lower[i] = std::min(static_cast<int64_t>(std::floor(position)), input - 1);
    upper[i] = std::min(lower[i] + 1, input - 1);
    fraction[i] = position - static_cast<float>(lower[i]);
  }
  std::vector<int64_t> shape(4, 1);
  shape[dimension] = output;
  const Tensor weight = at::tensor(fraction, at::kFloat).reshape(shape);
  return at::lerp(image.index_select(dimension, at::tensor(lower, at::kLong)),
                  image.index_select(dimension, at::tensor(upper, at::kLong)), weight);
}

Tensors resize_bilinear(const Call& call) {
  const Resize resize = read_resize(call);
  if (resize.align_corners || resize.half_pixel_centers)
    return {from_nchw(at::upsample_bilinear2d(resize.image, {resize.height, resize.width}, resize.align_corners),
                      resize.nchw)};
  const Tensor rows = interpolate_from_edges(resize.image, 2, resize.height);
  return {from_nchw(interpolate_from_edges(rows, 3, resize.width), resize.nchw)};
}

/// The nearest pixels along one dimension where the corners' centres are aligned: halves are rounded away from 0.
Tensor pick_aligned(const Tensor& image, int64_t dimension, int64_t output) {
  const int64_t input = image.size(dimension);
  const float scale = scale_of(input, output, true);
  std::vector<int64_t> nearest(output);
  for (int64_t i = 0; i < output; ++i)
    nearest[i] = std::min(static_cast<int64_t>(std::round(static_cast<float>(i) * scale)), input - 1);
  return image.index_select(dimension, at::tensor(nearest, at::kLong));
}

Tensors resize_nearest_neighbor(const Call& call) {
  const Resize resize = read_resize(call);
  const std::vector<int64_t> size{resize.height, resize.width};
  Tensor result;
  if (resize.align_corners) {
    result = pick_aligned(pick_aligned(resize.image, 2, resize.height), 3, resize.width);
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
