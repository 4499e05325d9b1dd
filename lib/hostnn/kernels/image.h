// What kernels on images share: layout, windows, padding, fused activations.
#pragma once

#include "kernel.h"
#include "passerelle/nnapi/c_api.h"

namespace passerelle::hostnn {

/// An NHWC image as LibTorch's NCHW, without a copy. Refuses ranks other than 4.
Tensor to_nchw(const Tensor& image, bool is_nchw);
/// The way back.
Tensor from_nchw(const Tensor& image, bool is_nchw);

/// Applies a fused activation (FuseCode) in place: only to a tensor that the kernel itself has made.
Tensor& activate(Tensor& values, int64_t activation);

/// Padding of both ends of a dimension.
struct Ends {
  int64_t before = 0;
  int64_t after = 0;
};

/// How windows move over an image. Sizes are in pixels.
struct Window {
  Ends horizontal;
  Ends vertical;
  int64_t stride_width = 1;
  int64_t stride_height = 1;
  int64_t dilation_width = 1;
  int64_t dilation_height = 1;
  int64_t filter_width = 0;
  int64_t filter_height = 0;

  std::vector<int64_t> filter() const { return {filter_height, filter_width}; }
  std::vector<int64_t> stride() const { return {stride_height, stride_width}; }
  std::vector<int64_t> dilation() const { return {dilation_height, dilation_width}; }
  bool is_symmetric() const { return horizontal.before == horizontal.after && vertical.before == vertical.after; }
  /// LibTorch's padding, where it is symmetric.
  std::vector<int64_t> padding() const { return {vertical.before, horizontal.before}; }
};

/// Reads strides (and for explicit forms padding) from input `first` on: either left, right, top, bottom, stride width,
/// stride height, or scheme, stride width, stride height. `next` becomes the index of the argument after them.
/// Implicit padding is resolved later, by resolve(), as it depends on the image.
struct WindowArguments {
  Window window;
  bool is_explicit = true;
  int64_t scheme = 0;  ///< ANeuralNetworksPaddingCode of an implicit form
};
WindowArguments read_window(const Call& call, size_t first, bool is_explicit, size_t& next);

/// Works out SAME and VALID for an image, and checks strides, sizes and that at least one window fits.
Window resolve(const WindowArguments& arguments, int64_t image_height, int64_t image_width);

/// TensorFlow's SAME: as many outputs as strides fit in, the odd pixel at the end.
Ends same_padding(int64_t size, int64_t stride, int64_t effective_filter);

/// An NCHW image with its border filled; the image itself where there is no padding.
Tensor pad_image(const Tensor& nchw, const Window& window, double value);

}  // namespace passerelle::hostnn
