#include "image.h"

#include <limits>

namespace passerelle::hostnn {

Tensor to_nchw(const Tensor& image, bool is_nchw) {
  require(image.dim() == 4, "an image must have rank 4");
  return is_nchw ? image : image.permute({0, 3, 1, 2});
}

Tensor from_nchw(const Tensor& image, bool is_nchw) { return is_nchw ? image : image.permute({0, 2, 3, 1}); }

Tensor& activate(Tensor& values, int64_t activation) {
  switch (activation) {
    case ANEURALNETWORKS_FUSED_NONE: return values;
    case ANEURALNETWORKS_FUSED_RELU: return values.relu_();
    case ANEURALNETWORKS_FUSED_RELU1: return values.clamp_(-1, 1);
    case ANEURALNETWORKS_FUSED_RELU6: return values.clamp_(0, 6);
  }
  refuse("there is no fused activation " + std::to_string(activation));
}

WindowArguments read_window(const Call& call, size_t first, bool is_explicit, size_t& next) {
  WindowArguments arguments;
  arguments.is_explicit = is_explicit;
  next = first;
  if (is_explicit) {
    arguments.window.horizontal = {call.integer(next), call.integer(next + 1)};
    arguments.window.vertical = {call.integer(next + 2), call.integer(next + 3)};
    next += 4;
  } else {
    arguments.scheme = call.integer(next++);
    require(arguments.scheme == ANEURALNETWORKS_PADDING_SAME || arguments.scheme == ANEURALNETWORKS_PADDING_VALID,
            "the padding scheme is neither SAME nor VALID");
  }
  arguments.window.stride_width = call.integer(next++);
  arguments.window.stride_height = call.integer(next++);
  return arguments;
}

Ends same_padding(int64_t size, int64_t stride, int64_t effective_filter) {
  const int64_t outputs = (size + stride - 1) / stride;
  const int64_t needed = (outputs - 1) * stride + effective_filter;
  if (needed <= size) return {};
  return {(needed - size) / 2, needed - size - (needed - size) / 2};
}

Window resolve(const WindowArguments& arguments, int64_t image_height, int64_t image_width) {
  Window window = arguments.window;
  require(window.stride_width > 0 && window.stride_height > 0, "a stride is not positive");
  require(window.dilation_width > 0 && window.dilation_height > 0, "a dilation is not positive");
  require(window.filter_width > 0 && window.filter_height > 0, "a filter of size 0");
  const int64_t effective_width = (window.filter_width - 1) * window.dilation_width + 1;
  const int64_t effective_height = (window.filter_height - 1) * window.dilation_height + 1;
  if (!arguments.is_explicit && arguments.scheme == ANEURALNETWORKS_PADDING_SAME) {
    window.horizontal = same_padding(image_width, window.stride_width, effective_width);
    window.vertical = same_padding(image_height, window.stride_height, effective_height);
  }
  require(window.horizontal.before >= 0 && window.horizontal.after >= 0 && window.vertical.before >= 0 &&
              window.vertical.after >= 0,
          "padding is negative");
  // Android's rule, which keeps every window in touch with the image.
  require(window.horizontal.before < effective_width && window.horizontal.after < effective_width &&
              window.vertical.before < effective_height && window.vertical.after < effective_height,
          "padding is as large as the filter");
  require(image_width + window.horizontal.before + window.horizontal.after >= effective_width &&
              image_height + window.vertical.before + window.vertical.after >= effective_height,
          "the filter is larger than the padded image");
  return window;
}

Tensor pad_image(const Tensor& nchw, const Window& window, double value) {
  if (window.is_symmetric() && window.horizontal.before == 0 && window.vertical.before == 0) return nchw;
  return at::constant_pad_nd(
      nchw, {window.horizontal.before, window.horizontal.after, window.vertical.before, window.vertical.after}, value);
}

}  // namespace passerelle::hostnn
