// CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D and TRANSPOSE_CONV_2D of quantized images, in 32-bit sums.
#include <algorithm>

#include "kernels/convolution.h"
#include "kernels/quantized_weights.h"

namespace passerelle::hostnn {
namespace {

/// Weights as rows: an output's each; for a depthwise filter a tap's each, and for a transposed one those of a tap and
/// an output.
struct PreparedFilter : Prepared {
  IntegerRows rows;
  int64_t outputs = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t depth = 0;  // input channels that an output sees
};

std::unique_ptr<PreparedFilter> read_filter(const Call& call) {
  const Tensor& filter = call.tensor(1);
  require(filter.dim() == 4, "a filter must have rank 4");
  auto prepared = std::make_unique<PreparedFilter>();
  prepared->outputs = filter.size(0);
  prepared->height = filter.size(1);
  prepared->width = filter.size(2);
  prepared->depth = filter.size(3);
  return prepared;
}

std::unique_ptr<const Prepared> prepare_filter(const Call& call) {
  auto prepared = read_filter(call);
  prepared->rows = integer_rows(call.tensor(1).reshape({prepared->outputs, -1}), call.quantization(1).zero_point);
  return prepared;
}

std::unique_ptr<const Prepared> prepare_depthwise_filter(const Call& call) {
  auto prepared = read_filter(call);
  prepared->outputs = prepared->depth;
  prepared->depth = 1;
  prepared->rows = integer_rows(call.tensor(1).reshape({-1, prepared->outputs}), call.quantization(1).zero_point);
  return prepared;
}

std::unique_ptr<const Prepared> prepare_transposed_filter(const Call& call) {
  auto prepared = read_filter(call);
  const Tensor taps_first = call.tensor(1).permute({1, 2, 0, 3}).reshape({-1, prepared->depth});
  prepared->rows = integer_rows(taps_first, call.quantization(1).zero_point);
  return prepared;
}

/// A padded image of 16-bit integers without their zero point, NHWC.
struct IntegerImage {
  Tensor tensor;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;

  const int16_t* pixel(int64_t batch, int64_t y, int64_t x) const {
    return tensor.data_ptr<int16_t>() + ((batch * height + y) * width + x) * channels;
  }
};

IntegerImage integer_image(const Call& call, bool is_nchw, const Window& window) {
  const Tensor image = to_nchw(call.tensor(0), is_nchw).permute({0, 2, 3, 1}).to(at::kShort);
  const Tensor centred = image.sub(call.quantization(0).zero_point);
  IntegerImage result;
  const Ends& x = window.horizontal;
  const Ends& y = window.vertical;
  result.tensor = at::constant_pad_nd(centred, {0, 0, x.before, x.after, y.before, y.after}).contiguous();
  result.height = result.tensor.size(1);
  result.width = result.tensor.size(2);
  result.channels = result.tensor.size(3);
  return result;
}

/// A convolution with all that its loops need.
struct Run {
  const PreparedFilter& filter;
  Window window;
  IntegerImage image;
  Tensor result;  // NHWC
  OutputStage stage;

  int64_t height() const { return result.size(1); }
  int64_t width() const { return result.size(2); }
  int64_t pixels() const { return result.size(0) * height() * width(); }
  uint8_t* output(int64_t pixel) const { return bytes_of(result) + pixel * filter.outputs; }
  /// What an output pixel sees through a tap of the filter.
  const int16_t* input(int64_t pixel, int64_t tap_y, int64_t tap_x) const {
    const int64_t x = pixel % width(), y = pixel / width() % height();
    return image.pixel(pixel / (width() * height()), y * window.stride_height + tap_y * window.dilation_height,
                       x * window.stride_width + tap_x * window.dilation_width);
  }
};

Run begin(const Call& call, Convolution convolution) {
  const auto& filter = static_cast<const PreparedFilter&>(call.prepared());
  const Tensor image = to_nchw(call.tensor(0), convolution.nchw);
  require(convolution.groups > 0 && filter.depth * convolution.groups == image.size(1),
          "the filter's depth does not fit the image's");
  require(filter.outputs % convolution.groups == 0, "the filter's outputs can't be divided into the groups");
  convolution.window.window.filter_height = filter.height;
  convolution.window.window.filter_width = filter.width;
  const Window window = resolve(convolution.window, image.size(2), image.size(3));
  const auto outputs = [](int64_t size, const Ends& padding, int64_t taps, int64_t dilation, int64_t stride) {
    return (size + padding.before + padding.after - (taps - 1) * dilation - 1) / stride + 1;
  };
  const int64_t height =
      outputs(image.size(2), window.vertical, filter.height, window.dilation_height, window.stride_height);
  const int64_t width =
      outputs(image.size(3), window.horizontal, filter.width, window.dilation_width, window.stride_width);
  return {filter, window, integer_image(call, convolution.nchw, window),
          empty_output(call, {image.size(0), height, width, filter.outputs}),
          OutputStage(call, filter.outputs, &call.tensor(2), convolution.activation)};
}

Tensors finish(const Run& run, bool is_nchw) { return {is_nchw ? run.result.permute({0, 3, 1, 2}) : run.result}; }

/// What output pixels see of a group's channels, a row each, in the order of the filter's weights.
void gather_patches(const Run& run, int64_t first_pixel, int64_t count, int64_t first_channel, int16_t* rows) {
  const PreparedFilter& filter = run.filter;
  for (int64_t i = 0; i < count; ++i, rows += filter.rows.inner) {
    int16_t* to = rows;
    for (int64_t y = 0; y < filter.height; ++y)
      for (int64_t x = 0; x < filter.width; ++x, to += filter.depth)
        std::copy_n(run.input(first_pixel + i, y, x) + first_channel, filter.depth, to);
  }
}

/// As products of matrices, a few pixels at a time, so that their rows stay in the cache.
Tensors convolve(const Call& call, const Convolution& convolution) {
  constexpr int64_t pixels_at_once = 32;
  const Run run = begin(call, convolution);
  const IntegerRows& weights = run.filter.rows;
  const int64_t outputs = run.filter.outputs / convolution.groups;
  std::vector<int16_t> patches(pixels_at_once * weights.inner);
  std::vector<int32_t> sums(pixels_at_once * outputs);
  for (int64_t first = 0; first < run.pixels(); first += pixels_at_once) {
    const int64_t count = std::min(pixels_at_once, run.pixels() - first);
    for (int64_t group = 0; group < convolution.groups; ++group) {
      gather_patches(run, first, count, group * run.filter.depth, patches.data());
      multiply_rows(patches.data(), weights.inner, count, weights.data.data() + group * outputs * weights.inner,
                    outputs, weights.inner, sums.data());
      for (int64_t i = 0; i < count; ++i)
        run.stage.store(sums.data() + i * outputs, group * outputs, outputs, run.output(first + i) + group * outputs);
    }
  }
  return finish(run, convolution.nchw);
}

Tensors conv_2d(const Call& call) { return convolve(call, read_conv_2d(call)); }
Tensors grouped_conv_2d(const Call& call) { return convolve(call, read_grouped_conv_2d(call)); }

/// All channels of a pixel at once. Where several outputs see the same input channel, it is repeated for each.
Tensors depthwise_conv_2d(const Call& call) {
  const Convolution convolution = read_depthwise_conv_2d(call);
  Run run = begin(call, convolution);
  const int64_t outputs = run.filter.outputs;
  if (outputs != convolution.groups) {
    run.image.tensor = run.image.tensor.repeat_interleave(outputs / convolution.groups, 3);
    run.image.channels = outputs;
  }
  std::vector<int32_t> sums(outputs);
  for (int64_t pixel = 0; pixel < run.pixels(); ++pixel) {
    std::fill(sums.begin(), sums.end(), 0);
    const int16_t* weights = run.filter.rows.data.data();
    for (int64_t y = 0; y < run.filter.height; ++y)
      for (int64_t x = 0; x < run.filter.width; ++x, weights += run.filter.rows.inner)
        add_products(run.input(pixel, y, x), weights, outputs, sums.data());
    run.stage.store(sums.data(), 0, outputs, run.output(pixel));
  }
  return finish(run, convolution.nchw);
}

// --- TRANSPOSE_CONV_2D

/// Adds what one row of input pixels contributes, [width, taps · outputs], to the result's rows.
void scatter(const PreparedFilter& filter, const Window& window, const std::vector<int32_t>& products, int64_t width,
             int64_t full_width, int32_t* result) {
  const int32_t* from = products.data();
  const int64_t run = filter.width * filter.outputs;  // taps of a row lie together in the result
  for (int64_t x = 0; x < width; ++x)
    for (int64_t y = 0; y < filter.height; ++y, from += run) {
      int32_t* to = result + (y * full_width + x * window.stride_width) * filter.outputs;
      for (int64_t i = 0; i < run; ++i) to[i] += from[i];
    }
}

/// The whole result before padding is cut away: int32, NHWC.
Tensor transposed_sums(const PreparedFilter& filter, const Window& window, const Tensor& nhwc, int32_t zero_point) {
  const int64_t batches = nhwc.size(0), height = nhwc.size(1), width = nhwc.size(2);
  const IntegerRows pixels = integer_rows(nhwc.reshape({-1, nhwc.size(3)}), zero_point);
  const int64_t full_width = (width - 1) * window.stride_width + filter.width;
  const int64_t full_height = (height - 1) * window.stride_height + filter.height;
  Tensor sums = at::zeros({batches, full_height, full_width, filter.outputs}, at::kInt);
  std::vector<int32_t> products(width * filter.rows.count);
  for (int64_t row = 0; row < batches * height; ++row) {
    multiply_rows(pixels.data.data() + row * width * pixels.inner, pixels.inner, width, filter.rows.data.data(),
                  filter.rows.count, pixels.inner, products.data());
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
    {OperationType::CONV_2D, conv_2d, accepted, prepare_filter},
    {OperationType::DEPTHWISE_CONV_2D, depthwise_conv_2d, accepted, prepare_depthwise_filter},
    {OperationType::GROUPED_CONV_2D, grouped_conv_2d, accepted, prepare_filter},
    {OperationType::TRANSPOSE_CONV_2D, transpose_conv_2d, accepted, prepare_transposed_filter},
};

}  // namespace

Span<const Row> quantized_convolution_rows() { return rows; }

}  // namespace passerelle::hostnn
