// Pools and RESIZE_BILINEAR of quantized images.
#include <algorithm>
#include <cmath>

#include "pooling.h"
#include "quantized.h"
#include "resize.h"

namespace passerelle::hostnn {
namespace {

Tensors finish(const Call& call, const Pool& pool, const Tensor& integers) {
  const Limits limits = output_limits(call, pool.activation);
  return {from_nchw(integers.clamp(limits.lowest, limits.highest).to(pool.image.scalar_type()), pool.nchw)};
}

/// Bytes are exact as floats, for which LibTorch has pools.
Tensors max_pool_2d(const Call& call) {
  const Pool pool = read_pool(call);
  return finish(call, pool, greatest_of_windows(pool.image.to(at::kFloat), pool.window));
}

/// The mean of the integers of each window that lie within the image; halves are rounded away from 0.
Tensors average_pool_2d(const Call& call) {
  const Pool pool = read_pool(call);
  const Window& window = pool.window;
  // Sums are exact in double.
  const auto sums = [&](const Tensor& values) {
    return at::avg_pool2d(pad_image(values, window, 0), window.filter(), window.stride(), 0, false, true, 1);
  };
  const Tensor values = pool.image.to(at::kDouble);
  const Tensor counts = sums(at::ones({1, 1, values.size(2), values.size(3)}, at::kDouble));
  const Tensor totals = sums(values).round_();
  const Tensor halves = at::div(counts, 2, "trunc");
  return finish(call, pool, at::div(totals + at::where(totals > 0, halves, -halves), counts, "trunc"));
}

// --- RESIZE_BILINEAR

/// Where an output pixel lies between two input pixels of a dimension.
struct Place {
  int64_t before = 0;
  int64_t after = 0;
  float share = 0;  ///< of the pixel after it
};

std::vector<Place> places(int64_t input, int64_t output, const Resize& resize) {
  const bool aligned = resize.align_corners && output > 1;
  const float scale = aligned ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                              : static_cast<float>(input) / static_cast<float>(output);
  std::vector<Place> result(output);
  for (int64_t i = 0; i < output; ++i) {
    const auto index = static_cast<float>(i);
    const float place = resize.half_pixel_centers ? (index + 0.5f) * scale - 0.5f : index * scale;
    result[i].before = std::clamp<int64_t>(static_cast<int64_t>(std::floor(place)), 0, input - 1);
    result[i].after = std::min(static_cast<int64_t>(std::ceil(place)), input - 1);
    result[i].share = place - static_cast<float>(result[i].before);
  }
  return result;
}

/// Interpolates floats in Android's order of operations; half a step is added, and the fraction dropped.
Tensors resize_bilinear(const Call& call) {
  const Resize resize = read_resize(call);
  const Tensor image = resize.image.permute({0, 2, 3, 1}).to(at::kFloat).contiguous();
  const int64_t batches = image.size(0), height = image.size(1), width = image.size(2), channels = image.size(3);
  const std::vector<Place> rows = places(height, resize.height, resize);
  const std::vector<Place> columns = places(width, resize.width, resize);
  Tensor result = at::empty({batches, resize.height, resize.width, channels}, at::kFloat);
  const float* source = image.data_ptr<float>();
  float* target = result.data_ptr<float>();
  for (int64_t batch = 0; batch < batches; ++batch, source += height * width * channels) {
    for (const Place& row : rows) {
      for (const Place& column : columns) {
        const auto pixel = [&](int64_t y, int64_t x) { return source + (y * width + x) * channels; };
        const float* corners[] = {pixel(row.before, column.before), pixel(row.after, column.before),
                                  pixel(row.before, column.after), pixel(row.after, column.after)};
        for (int64_t i = 0; i < channels; ++i) {
          *target++ = corners[0][i] * (1 - row.share) * (1 - column.share) +
                      corners[1][i] * row.share * (1 - column.share) + corners[2][i] * (1 - row.share) * column.share +
                      corners[3][i] * row.share * column.share + 0.5f;
        }
      }
    }
  }
  const Tensor integers = result.trunc_().to(resize.image.scalar_type());
  return {resize.nchw ? integers.permute({0, 3, 1, 2}) : integers};
}

constexpr Row rows[] = {
    {OperationType::AVERAGE_POOL_2D, average_pool_2d, quant8 | zero_sized},
    {OperationType::MAX_POOL_2D, max_pool_2d, quant8 | zero_sized},
    {OperationType::RESIZE_BILINEAR, resize_bilinear, quant8 | zero_sized},
};

}  // namespace

Span<const Row> quantized_image_rows() { return rows; }

}  // namespace passerelle::hostnn
