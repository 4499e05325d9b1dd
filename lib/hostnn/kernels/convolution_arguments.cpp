#include "convolution.h"

namespace passerelle::hostnn {
namespace {

void read_layout_and_dilation(const Call& call, size_t first, Convolution& convolution) {
  convolution.nchw = call.boolean_or(first, false);
  convolution.window.window.dilation_width = call.integer_or(first + 1, 1);
  convolution.window.window.dilation_height = call.integer_or(first + 2, 1);
}

/// Where the client gives the output's shape, padding is what leads to it: see same_padding, of the output.
Ends transposed_same_padding(int64_t output, int64_t stride, int64_t filter) {
  const int64_t inputs = (output + stride - 1) / stride;
  const int64_t needed = (inputs - 1) * stride + filter;
  const int64_t before = needed > output ? (needed - output) / 2 : 0;
  return {before, needed - output - before};
}

}  // namespace

Convolution read_conv_2d(const Call& call) {
  Convolution convolution;
  size_t next = 0;
  convolution.window = read_window(call, 3, call.is(7, OperandType::INT32), next);
  convolution.activation = call.integer(next);
  read_layout_and_dilation(call, next + 1, convolution);
  return convolution;
}

Convolution read_depthwise_conv_2d(const Call& call) {
  Convolution convolution;
  size_t next = 0;
  convolution.window = read_window(call, 3, call.is(8, OperandType::INT32), next);
  const int64_t multiplier = call.integer(next);
  convolution.activation = call.integer(next + 1);
  read_layout_and_dilation(call, next + 2, convolution);
  const Tensor& filter = call.tensor(1);
  require(filter.dim() == 4 && filter.size(0) == 1,
          "a depthwise filter must have the shape [1, height, width, outputs]");
  require(multiplier > 0 && filter.size(3) % multiplier == 0, "the filter's depth is not a multiple of the multiplier");
  convolution.groups = filter.size(3) / multiplier;
  return convolution;
}

Convolution read_grouped_conv_2d(const Call& call) {
  Convolution convolution;
  size_t next = 0;
  convolution.window = read_window(call, 3, call.size() == 12, next);
  convolution.groups = call.integer(next);
  convolution.activation = call.integer(next + 1);
  convolution.nchw = call.boolean(next + 2);
  return convolution;
}

TransposeConvolution read_transpose_conv_2d(const Call& call, int64_t filter_height, int64_t filter_width) {
  const bool is_explicit = call.size() == 11;
  size_t next = 0;
  const WindowArguments arguments = read_window(call, is_explicit ? 3 : 4, is_explicit, next);
  TransposeConvolution convolution;
  convolution.activation = call.integer(next);
  convolution.nchw = call.boolean(next + 1);
  convolution.window = arguments.window;
  Window& window = convolution.window;
  require(window.stride_width > 0 && window.stride_height > 0, "a stride is not positive");
  if (!is_explicit && arguments.scheme == ANEURALNETWORKS_PADDING_SAME) {
    const std::vector<int64_t> shape = call.integers(3);
    require(shape.size() == 4, "the output's shape must have 4 elements");
    const int64_t height = shape[convolution.nchw ? 2 : 1], width = shape[convolution.nchw ? 3 : 2];
    window.vertical = transposed_same_padding(height, window.stride_height, filter_height);
    window.horizontal = transposed_same_padding(width, window.stride_width, filter_width);
  }
  require(window.horizontal.before >= 0 && window.vertical.before >= 0, "padding is negative");
  return convolution;
}

Tensor cut(const Tensor& full, const Window& window) {
  return at::constant_pad_nd(
      full, {-window.horizontal.before, -window.horizontal.after, -window.vertical.before, -window.vertical.after});
}

}  // namespace passerelle::hostnn
