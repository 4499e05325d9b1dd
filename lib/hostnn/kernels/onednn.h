// LibTorch's door to oneDNN. In Debian's build the general BLAS is many times slower, and at::conv2d, at::linear,
// at::matmul and at::conv_transpose2d go there for most of the shapes of a network that runs one picture at a time:
// these functions do not. Where LibTorch has no oneDNN they fall back to those four.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>

#include <optional>
#include <vector>

namespace passerelle::hostnn {

struct ConvolutionShape {
  std::vector<int64_t> stride{1, 1};  ///< height, width
  std::vector<int64_t> padding{0, 0};
  std::vector<int64_t> dilation{1, 1};
  int64_t groups = 1;
};

/// A convolution whose weights were brought into the order that oneDNN wants for one size of image: for large weights
/// that takes longer than the convolution itself.
class PackedConvolution {
 public:
  /// `filter` is [outputs, inputs / groups, height, width]; `image_size` is that of the NCHW images to come. Nothing
  /// where LibTorch lacks it.
  static std::optional<PackedConvolution> pack(const at::Tensor& filter, const at::Tensor& bias,
                                               const ConvolutionShape& shape, std::vector<int64_t> image_size,
                                               bool relu);
  /// Whether it was packed for images of this size.
  bool fits(const at::Tensor& nchw) const { return nchw.sizes() == image_size_; }
  /// The result is new, and channels_last.
  at::Tensor run(const at::Tensor& nchw) const;

 private:
  c10::IValue context_;
  std::vector<int64_t> image_size_;
};

/// The same without packing. The result is new.
at::Tensor convolve(const at::Tensor& nchw, const at::Tensor& filter, const at::Tensor& bias,
                    const ConvolutionShape& shape);

/// A transposed convolution without padding. `filter` is [inputs, outputs, height, width]. The result is new.
at::Tensor convolve_transposed(const at::Tensor& nchw, const at::Tensor& filter, const std::vector<int64_t>& stride);

/// [.., rows, inner] times [.., inner, columns], with equal leading dimensions or such that can be broadcast.
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b);

}  // namespace passerelle::hostnn
