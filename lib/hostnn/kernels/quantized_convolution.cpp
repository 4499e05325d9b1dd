// CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D and TRANSPOSE_CONV_2D of quantized images, in 32-bit sums.
#include <ATen/Parallel.h>

#include <algorithm>
#include <functional>

#include "convolution.h"
#include "integers/parallel.h"
#include "quantized_weights.h"

namespace passerelle::hostnn {
namespace {

/// A convolution of which all but the image is known.
struct PreparedConvolution : Prepared {
  Convolution convolution;
  int64_t outputs = 0;
  int64_t depth = 0;                    // input channels that an output sees
  std::vector<PackedColumns> products;  // a group's outputs each
  std::vector<int16_t> taps;            // depthwise: a tap's weights of all outputs each
  OutputStage stage;

  int64_t tap_count() const { return convolution.window.window.filter_height * convolution.window.window.filter_width; }
};

std::unique_ptr<PreparedConvolution> prepare(const Call& call, Convolution convolution, int64_t outputs) {
  const Tensor& filter = call.tensor(1);
  require(filter.dim() == 4, "a filter must have rank 4");
  auto prepared = std::make_unique<PreparedConvolution>();
  convolution.window.window.filter_height = filter.size(1);
  convolution.window.window.filter_width = filter.size(2);
  prepared->convolution = convolution;
  prepared->outputs = outputs;
  prepared->stage = OutputStage(call, outputs, &call.tensor(2), convolution.activation);
  require(convolution.groups > 0 && outputs % convolution.groups == 0,
          "the filter's outputs can't be divided into the groups");
  return prepared;
}

std::unique_ptr<const Prepared> prepare_groups(const Call& call, const Convolution& convolution) {
  auto prepared = prepare(call, convolution, call.tensor(1).size(0));
  prepared->depth = call.tensor(1).size(3);
  for (const Tensor& group : call.tensor(1).chunk(convolution.groups))
    prepared->products.push_back(packed_columns(group.flatten(1), call.quantization(1).zero_point));
  return prepared;
}

std::unique_ptr<const Prepared> prepare_conv_2d(const Call& call) { return prepare_groups(call, read_conv_2d(call)); }
std::unique_ptr<const Prepared> prepare_grouped_conv_2d(const Call& call) {
  return prepare_groups(call, read_grouped_conv_2d(call));
}

std::unique_ptr<const Prepared> prepare_depthwise_conv_2d(const Call& call) {
  auto prepared = prepare(call, read_depthwise_conv_2d(call), call.tensor(1).size(3));
  prepared->depth = 1;
  prepared->taps = integers_of(call.tensor(1), call.quantization(1).zero_point);
  return prepared;
}

/// The image, the result, and which pixels an output pixel sees.
struct Run {
  const PreparedConvolution& prepared;
  Window window;
  Tensor image;   // NHWC
  Tensor result;  // NHWC
  int32_t zero_point;

  int64_t image_height() const { return image.size(1); }
  int64_t image_width() const { return image.size(2); }
  int64_t channels() const { return image.size(3); }
  int64_t height() const { return result.size(1); }
  int64_t width() const { return result.size(2); }
  int64_t pixels() const { return result.size(0) * height() * width(); }
  uint8_t* output(int64_t pixel) const { return bytes_of(result) + pixel * prepared.outputs; }
  const uint8_t* input(int64_t batch, int64_t y, int64_t x) const {
    return bytes_of(image) + ((batch * image_height() + y) * image_width() + x) * channels();
  }
  void centre(const uint8_t* from, int64_t count, int16_t* to) const {
    hostnn::centre(from, count, image.scalar_type() == at::kChar, zero_point, to);
  }
  /// Calls `work` for parts of the result's `count` pixels or rows, of `products` multiplications each.
  void in_parallel(int64_t count, int64_t products, const std::function<void(int64_t, int64_t)>& work) const {
    hostnn::in_parallel(count, few_products / std::max<int64_t>(products, 1) + 1, at::get_num_threads(), work);
  }
};

Run begin(const Call& call) {
  const auto& prepared = static_cast<const PreparedConvolution&>(call.prepared());
  const Convolution& convolution = prepared.convolution;
  const Tensor image = to_nchw(call.tensor(0), convolution.nchw).permute({0, 2, 3, 1}).contiguous();
  require(prepared.depth * convolution.groups == image.size(3), "the filter's depth does not fit the image's");
  const Window window = resolve(convolution.window, image.size(1), image.size(2));
  const auto outputs = [](int64_t size, const Ends& padding, int64_t taps, int64_t dilation, int64_t stride) {
    return (size + padding.before + padding.after - (taps - 1) * dilation - 1) / stride + 1;
  };
  const int64_t height =
      outputs(image.size(1), window.vertical, window.filter_height, window.dilation_height, window.stride_height);
  const int64_t width =
      outputs(image.size(2), window.horizontal, window.filter_width, window.dilation_width, window.stride_width);
  return {prepared, window, image, empty_output(call, {image.size(0), height, width, prepared.outputs}),
          call.quantization(0).zero_point};
}

Tensors finish(const Run& run) {
  return {run.prepared.convolution.nchw ? run.result.permute({0, 3, 1, 2}) : run.result};
}

/// What a row of a filter's taps sees of a group's channels, in the order of the filter's weights; zeros beside the
/// image.
void gather_taps(const Run& run, int64_t batch, int64_t y, int64_t x, int64_t first_channel, int16_t* to) {
  const int64_t depth = run.prepared.depth, taps = run.window.filter_width;
  if (y < 0 || y >= run.image_height()) {
    std::fill_n(to, taps * depth, int16_t{0});
    return;
  }
  // Neighbours that lie together are copied together.
  const bool together = run.window.dilation_width == 1 && depth == run.channels();
  for (int64_t tap = 0; tap < taps;) {
    const int64_t at = x + tap * run.window.dilation_width;
    const bool inside = at >= 0 && at < run.image_width();
    const int64_t count = inside && together ? std::min(taps - tap, run.image_width() - at) : 1;
    if (inside)
      run.centre(run.input(batch, y, at) + first_channel, count * depth, to);
    else
      std::fill_n(to, depth, int16_t{0});
    tap += count;
    to += count * depth;
  }
}

/// What output pixels see of a group's channels, a row each.
void gather_patches(const Run& run, int64_t first_pixel, int64_t count, int64_t group, int16_t* rows) {
  const Window& window = run.window;
  const int64_t depth = run.prepared.depth, row_size = run.prepared.products[group].inner();
  for (int64_t pixel = first_pixel; pixel < first_pixel + count; ++pixel, rows += row_size) {
    const int64_t batch = pixel / (run.width() * run.height());
    const int64_t x = pixel % run.width() * window.stride_width - window.horizontal.before;
    int64_t y = pixel / run.width() % run.height() * window.stride_height - window.vertical.before;
    int16_t* to = rows;
    for (int64_t tap = 0; tap < window.filter_height; ++tap, y += window.dilation_height) {
      gather_taps(run, batch, y, x, group * depth, to);
      to += window.filter_width * depth;
    }
  }
}

/// As products of matrices, a few pixels at a time, so that their rows stay in the cache.
void convolve_pixels(const Run& run, int64_t begin, int64_t end) {
  constexpr int64_t pixels_at_once = 32;
  const PreparedConvolution& prepared = run.prepared;
  const PackedColumns& any = prepared.products.front();
  std::vector<int16_t> patches(pixels_at_once * any.inner());
  std::vector<int32_t> sums(pixels_at_once * any.padded_count());
  for (int64_t first = begin; first < end; first += pixels_at_once) {
    const int64_t count = std::min(pixels_at_once, end - first);
    int64_t output = 0;
    for (size_t group = 0; group < prepared.products.size(); ++group) {
      const PackedColumns& weights = prepared.products[group];
      gather_patches(run, first, count, static_cast<int64_t>(group), patches.data());
      multiply_rows(patches.data(), weights.inner(), count, weights, sums.data());
      for (int64_t i = 0; i < count; ++i)
        prepared.stage.store(sums.data() + i * weights.padded_count(), output, weights.count(),
                             run.output(first + i) + output);
      output += weights.count();
    }
  }
}

Tensors convolve(const Call& call) {
  const Run run = begin(call);
  const int64_t products = run.prepared.outputs * run.prepared.depth * run.prepared.tap_count();
  run.in_parallel(run.pixels(), products, [&](int64_t begin, int64_t end) { convolve_pixels(run, begin, end); });
  return finish(run);
}

/// Rows of an image as 16-bit integers, padded with zeros on both sides, and each channel repeated for as many outputs
/// as see it. A row that several rows of the result see is made once.
class PaddedRows {
 public:
  explicit PaddedRows(const Run& run)
      : run_(run),
        span_((run.window.filter_height - 1) * run.window.dilation_height + 1),
        row_size_((run.window.horizontal.before + run.image_width() + run.window.horizontal.after) *
                  run.prepared.outputs),
        data_(span_ * row_size_),
        made_(span_, none) {}

  /// `y` may lie above or below the image.
  const int16_t* row(int64_t batch, int64_t y) {
    if (y < 0 || y >= run_.image_height()) return zeros();
    const int64_t place = y % span_, name = batch * run_.image_height() + y;
    int16_t* const row = data_.data() + place * row_size_;
    if (made_[place] != name) make(batch, y, row + run_.window.horizontal.before * run_.prepared.outputs);
    made_[place] = name;
    return row;
  }

 private:
  static constexpr int64_t none = -1;

  const int16_t* zeros() {
    zeros_.resize(row_size_);
    return zeros_.data();
  }
  void make(int64_t batch, int64_t y, int16_t* to) {
    const int64_t count = run_.image_width() * run_.channels();
    const int64_t copies = run_.prepared.outputs / run_.channels();
    if (copies == 1) return run_.centre(run_.input(batch, y, 0), count, to);
    single_.resize(count);
    run_.centre(run_.input(batch, y, 0), count, single_.data());
    for (int16_t integer : single_) to = std::fill_n(to, copies, integer);
  }

  const Run& run_;
  int64_t span_, row_size_;
  std::vector<int16_t> data_, zeros_, single_;
  std::vector<int64_t> made_;
};

/// Rows of the result, all channels of a pixel at once.
void convolve_depthwise_rows(const Run& run, int64_t begin, int64_t end) {
  const Window& window = run.window;
  const int64_t outputs = run.prepared.outputs, taps = run.prepared.tap_count();
  PaddedRows rows(run);
  std::vector<const int16_t*> left(taps), pixels(taps);
  std::vector<int32_t> sums(outputs);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t top = row % run.height() * window.stride_height - window.vertical.before;
    for (int64_t tap = 0; tap < taps; ++tap)
      left[tap] = rows.row(row / run.height(), top + tap / window.filter_width * window.dilation_height) +
                  tap % window.filter_width * window.dilation_width * outputs;
    for (int64_t x = 0; x < run.width(); ++x) {
      for (int64_t tap = 0; tap < taps; ++tap) pixels[tap] = left[tap] + x * window.stride_width * outputs;
      sum_products(pixels.data(), run.prepared.taps.data(), taps, outputs, sums.data());
      run.prepared.stage.store(sums.data(), 0, outputs, run.output(row * run.width() + x));
    }
  }
}

Tensors depthwise_conv_2d(const Call& call) {
  const Run run = begin(call);
  const int64_t products = run.width() * run.prepared.outputs * run.prepared.tap_count();
  run.in_parallel(run.result.size(0) * run.height(), products,
                  [&](int64_t begin, int64_t end) { convolve_depthwise_rows(run, begin, end); });
  return finish(run);
}

// --- TRANSPOSE_CONV_2D

struct PreparedFilter : Prepared {
  PackedColumns columns;  // weights of a tap and an output
  int64_t outputs = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t depth = 0;
};

std::unique_ptr<const Prepared> prepare_transpose_conv_2d(const Call& call) {
  const Tensor& filter = call.tensor(1);
  require(filter.dim() == 4, "a filter must have rank 4");
  auto prepared = std::make_unique<PreparedFilter>();
  prepared->outputs = filter.size(0);
  prepared->height = filter.size(1);
  prepared->width = filter.size(2);
  prepared->depth = filter.size(3);
  const Tensor taps_first = filter.permute({1, 2, 0, 3}).reshape({-1, prepared->depth});
  prepared->columns = packed_columns(taps_first, call.quantization(1).zero_point);
  return prepared;
}

/// Adds what one row of input pixels contributes, [width, taps · outputs] with what fills it up, to the result's rows.
void scatter(const PreparedFilter& filter, const Window& window, const std::vector<int32_t>& products, int64_t width,
             int64_t full_width, int32_t* result) {
  const int64_t run = filter.width * filter.outputs;  // taps of a row lie together in the result
  for (int64_t x = 0; x < width; ++x) {
    const int32_t* from = products.data() + x * filter.columns.padded_count();
    for (int64_t y = 0; y < filter.height; ++y, from += run) {
      int32_t* to = result + (y * full_width + x * window.stride_width) * filter.outputs;
      for (int64_t i = 0; i < run; ++i) to[i] += from[i];
    }
  }
}

/// The whole result before padding is cut away: int32, NHWC.
Tensor transposed_sums(const PreparedFilter& filter, const Window& window, const Tensor& nhwc, int32_t zero_point) {
  const int64_t batches = nhwc.size(0), height = nhwc.size(1), width = nhwc.size(2);
  const IntegerRows pixels = integer_rows(nhwc.reshape({-1, nhwc.size(3)}), zero_point);
  const int64_t full_width = (width - 1) * window.stride_width + filter.width;
  const int64_t full_height = (height - 1) * window.stride_height + filter.height;
  Tensor sums = at::zeros({batches, full_height, full_width, filter.outputs}, at::kInt);
  std::vector<int32_t> products(width * filter.columns.padded_count());
  for (int64_t row = 0; row < batches * height; ++row) {
    multiply_rows(pixels.data.data() + row * width * pixels.inner, pixels.inner, width, filter.columns,
                  products.data());
    const int64_t top = row / height * full_height + row % height * window.stride_height;
    scatter(filter, window, products, width, full_width, sums.data_ptr<int32_t>() + top * full_width * filter.outputs);
  }
  return sums;
}

Tensors transpose_conv_2d(const Call& call) {
  const auto& filter = static_cast<const PreparedFilter&>(call.prepared());
  const TransposeConvolution convolution = read_transpose_conv_2d(call, filter.height, filter.width);
  const Tensor image = to_nchw(call.tensor(0), convolution.nchw).permute({0, 2, 3, 1});
  require(image.size(3) == filter.depth, "the filter's depth does not fit the image's");
  require(image.size(1) > 0 && image.size(2) > 0, "only the batch may be of size 0");
  const Tensor full = transposed_sums(filter, convolution.window, image, call.quantization(0).zero_point);
  const Tensor sums = cut(full.permute({0, 3, 1, 2}), convolution.window).permute({0, 2, 3, 1}).contiguous();
  const OutputStage stage(call, filter.outputs, &call.tensor(2), convolution.activation);
  Tensor result = empty_output(call, sums.sizes());
  for (int64_t i = 0; i < sums.numel(); i += filter.outputs)
    stage.store(sums.data_ptr<int32_t>() + i, 0, filter.outputs, bytes_of(result) + i);
  return {convolution.nchw ? result.permute({0, 3, 1, 2}) : result};
}

constexpr unsigned accepted = quant8 | weights8 | int32 | zero_sized;

constexpr Row rows[] = {
    {OperationType::CONV_2D, convolve, accepted, prepare_conv_2d},
    {OperationType::DEPTHWISE_CONV_2D, depthwise_conv_2d, accepted, prepare_depthwise_conv_2d},
    {OperationType::GROUPED_CONV_2D, convolve, accepted, prepare_grouped_conv_2d},
    {OperationType::TRANSPOSE_CONV_2D, transpose_conv_2d, accepted, prepare_transpose_conv_2d},
};

}  // namespace

Span<const Row> quantized_convolution_rows() { return rows; }

}  // namespace passerelle::hostnn
