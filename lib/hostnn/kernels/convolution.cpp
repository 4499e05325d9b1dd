// CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D, TRANSPOSE_CONV_2D.
#include "kernels/image.h"

namespace passerelle::hostnn {
namespace {

/// NNAPI's [outputs, height, width, inputs] as LibTorch's [outputs, inputs, height, width], whose channels_last form
/// has the same bytes.
Tensor filter_to_torch(const Tensor& filter) {
  require(filter.dim() == 4, "a filter must have rank 4");
  return filter.permute({0, 3, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast);
}

Tensors prepare_filter(const Call& call) { return {filter_to_torch(call.tensor(1))}; }

/// [1, height, width, outputs] as [outputs, 1, height, width].
Tensors prepare_depthwise_filter(const Call& call) {
  const Tensor& filter = call.tensor(1);
  require(filter.dim() == 4 && filter.size(0) == 1,
          "a depthwise filter must have the shape [1, height, width, outputs]");
  return {filter.permute({3, 0, 1, 2}).contiguous()};
}

/// [outputs, height, width, inputs] as conv_transpose2d's [inputs, outputs, height, width].
Tensors prepare_transposed_filter(const Call& call) {
  const Tensor& filter = call.tensor(1);
  require(filter.dim() == 4, "a filter must have rank 4");
  return {filter.permute({3, 0, 1, 2}).contiguous()};
}

struct Convolution {
  WindowArguments window;
  int64_t groups = 1;
  int64_t activation = 0;
  bool nchw = false;
};

/// `filter` is LibTorch's, so that sizes 2 and 3 are height and width.
Tensors convolve(const Call& call, Convolution convolution, const Tensor& filter) {
  const Tensor image = to_nchw(call.tensor(0), convolution.nchw);
  convolution.window.window.filter_height = filter.size(2);
  convolution.window.window.filter_width = filter.size(3);
  Window window = resolve(convolution.window, image);
  require(convolution.groups > 0 && filter.size(1) * convolution.groups == image.size(1),
          "the filter's depth does not fit the image's");
  Tensor padded = image;
  std::vector<int64_t> padding = window.padding();
  if (!window.is_symmetric()) {
    padded = pad_image(image, window, 0);
    padding = {0, 0};
  }
  Tensor result =
      at::conv2d(padded, filter, call.tensor(2), window.stride(), padding, window.dilation(), convolution.groups);
  return {from_nchw(activate(result, convolution.activation), convolution.nchw)};
}

void read_layout_and_dilation(const Call& call, size_t first, Convolution& convolution) {
  convolution.nchw = call.boolean_or(first, false);
  convolution.window.window.dilation_width = call.integer_or(first + 1, 1);
  convolution.window.window.dilation_height = call.integer_or(first + 2, 1);
}

Tensors conv_2d(const Call& call) {
  Convolution convolution;
  size_t next = 0;
  convolution.window = read_window(call, 3, call.is(7, OperandType::INT32), next);
  convolution.activation = call.integer(next);
  read_layout_and_dilation(call, next + 1, convolution);
  return convolve(call, convolution, call.prepared()[0]);
}

Tensors depthwise_conv_2d(const Call& call) {
  Convolution convolution;
  size_t next = 0;
  convolution.window = read_window(call, 3, call.is(8, OperandType::INT32), next);
  const int64_t multiplier = call.integer(next);
  convolution.activation = call.integer(next + 1);
  read_layout_and_dilation(call, next + 2, convolution);
  const Tensor& filter = call.prepared()[0];
  require(call.tensor(0).dim() == 4, "an image must have rank 4");
  convolution.groups = call.tensor(0).size(convolution.nchw ? 1 : 3);
  require(filter.size(0) == convolution.groups * multiplier,
          "the filter's depth is not the image's times the multiplier");
  return convolve(call, convolution, filter);
}

Tensors grouped_conv_2d(const Call& call) {
  Convolution convolution;
  size_t next = 0;
  convolution.window = read_window(call, 3, call.size() == 12, next);
  convolution.groups = call.integer(next);
  convolution.activation = call.integer(next + 1);
  convolution.nchw = call.boolean(next + 2);
  const Tensor& filter = call.prepared()[0];
  require(convolution.groups > 0 && filter.size(0) % convolution.groups == 0,
          "the filter's outputs can't be divided into the groups");
  return convolve(call, convolution, filter);
}

/// Where the client gives the output's shape, padding is what leads to it: see same_padding, of the output.
Ends transposed_same_padding(int64_t output, int64_t stride, int64_t filter) {
  const int64_t inputs = (output + stride - 1) / stride;
  const int64_t needed = (inputs - 1) * stride + filter;
  const int64_t before = needed > output ? (needed - output) / 2 : 0;
  return {before, needed - output - before};
}

/// Padding of a transposed convolution cuts away from its result; below 0 it adds zeros at the end.
Tensor cut(const Tensor& full, const Window& window) {
  return at::constant_pad_nd(
      full, {-window.horizontal.before, -window.horizontal.after, -window.vertical.before, -window.vertical.after});
}

Tensors transpose_conv_2d(const Call& call) {
  const bool is_explicit = call.size() == 11;
  size_t next = 0;
  WindowArguments arguments = read_window(call, is_explicit ? 3 : 4, is_explicit, next);
  const int64_t activation = call.integer(next);
  const bool nchw = call.boolean(next + 1);
  const Tensor& filter = call.prepared()[0];
  Window& window = arguments.window;
  require(window.stride_width > 0 && window.stride_height > 0, "a stride is not positive");
  if (!is_explicit && arguments.scheme == ANEURALNETWORKS_PADDING_SAME) {
    const std::vector<int64_t> shape = call.integers(3);
    require(shape.size() == 4, "the output's shape must have 4 elements");
    window.vertical = transposed_same_padding(shape[nchw ? 2 : 1], window.stride_height, filter.size(2));
    window.horizontal = transposed_same_padding(shape[nchw ? 3 : 2], window.stride_width, filter.size(3));
  }
  require(window.horizontal.before >= 0 && window.vertical.before >= 0, "padding is negative");
  const Tensor image = to_nchw(call.tensor(0), nchw);
  require(image.size(1) == filter.size(0), "the filter's depth does not fit the image's");
  // The bias comes after the cut, as zeros that the cut adds have it too.
  Tensor result = cut(at::conv_transpose2d(image, filter, {}, window.stride()), window);
  result.add_(call.tensor(2).reshape({1, -1, 1, 1}));
  return {from_nchw(activate(result, activation), nchw)};
}

constexpr Row rows[] = {
    {OperationType::CONV_2D, conv_2d, float32 | zero_sized, prepare_filter},
    {OperationType::DEPTHWISE_CONV_2D, depthwise_conv_2d, float32 | zero_sized, prepare_depthwise_filter},
    {OperationType::GROUPED_CONV_2D, grouped_conv_2d, float32, prepare_filter},
    {OperationType::TRANSPOSE_CONV_2D, transpose_conv_2d, float32 | int32 | zero_sized, prepare_transposed_filter},
};

}  // namespace

Span<const Row> convolution_rows() { return rows; }

}  // namespace passerelle::hostnn
