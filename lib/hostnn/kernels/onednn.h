// oneDNN, directly and through LibTorch's door to it. In Debian's build LibTorch's general BLAS is many times slower,
// and at::conv2d, at::linear, at::matmul and at::conv_transpose2d go there for most of the shapes of a network that
// runs one picture at a time: these functions do not. Where LibTorch has no oneDNN they fall back to those four.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

namespace passerelle::hostnn {

struct ConvolutionShape {
  std::vector<int64_t> stride{1, 1};  ///< height, width
  std::vector<int64_t> padding{0, 0};
  std::vector<int64_t> dilation{1, 1};
  int64_t groups = 1;
};

/// A convolution that oneDNN has made ready for one size of image: its weights in the order that it wants, which for
/// large ones takes longer than the convolution itself, and the activation with it.
class PackedConvolution {
 public:
  PackedConvolution();
  ~PackedConvolution();

  /// `filter` is [outputs, inputs / groups, height, width]; `image_size` is that of the NCHW images to come;
  /// `activation` is a FuseCode. Nothing where an image has no elements, or the bias or the activation is none.
  static std::unique_ptr<const PackedConvolution> pack(const at::Tensor& filter, const at::Tensor& bias,
                                                       const ConvolutionShape& shape,
                                                       const std::vector<int64_t>& image_size, int64_t activation);
  /// Whether it was packed for images of this size.
  bool fits(const at::Tensor& nchw) const;
  /// The result is new, and channels_last. May be called from several threads at once.
  at::Tensor run(const at::Tensor& nchw) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A convolution without activation that was not packed. The result is new.
at::Tensor convolve(const at::Tensor& nchw, const at::Tensor& filter, const at::Tensor& bias,
                    const ConvolutionShape& shape);

/// A transposed convolution without padding. `filter` is [inputs, outputs, height, width]. The result is new.
at::Tensor convolve_transposed(const at::Tensor& nchw, const at::Tensor& filter, const std::vector<int64_t>& stride);

/// [.., rows, inner] times [.., inner, columns], with equal leading dimensions or such that can be broadcast.
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b);

}  // namespace passerelle::hostnn
