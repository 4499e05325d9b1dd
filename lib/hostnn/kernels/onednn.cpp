#include "kernels/onednn.h"

#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace passerelle::hostnn {
namespace {

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

bool has_onednn() { return at::globalContext().hasMKLDNN() && at::globalContext().userEnabledMkldnn(); }

c10::optional<c10::OperatorHandle> find_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

/// An operator by its name, as some that TorchScript's optimiser uses have no C++ function.
c10::IValue call(const c10::OperatorHandle& handle, std::vector<c10::IValue> arguments) {
  torch::jit::Stack stack(std::move(arguments));
  handle.callBoxed(&stack);
  return std::move(stack.front());
}

/// The image in channels_last order, with the strides that this order has. LibTorch takes a slice whose dimensions of
/// size 1 keep their old strides for contiguous, but the packed convolution then writes no result at all.
at::Tensor channels_last_image(const at::Tensor& nchw) {
  const at::Tensor image = nchw.contiguous(channels_last);
  const int64_t channels = image.size(1), height = image.size(2), width = image.size(3);
  return image.as_strided(image.sizes(), {channels * height * width, 1, channels * width, channels});
}

/// [rows, inner] times [inner, columns] as a convolution of 1×1 filters on a picture of one pixel a row.
at::Tensor multiply_matrices(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor picture = a.contiguous().reshape({1, a.size(0), 1, a.size(1)}).permute({0, 3, 1, 2});
  const at::Tensor filter = b.t().contiguous().reshape({b.size(1), b.size(0), 1, 1});
  return convolve(picture, filter, {}, {}).permute({0, 2, 3, 1}).reshape({a.size(0), b.size(1)});
}

/// Below this many multiplications nothing is gained.
constexpr int64_t few_multiplications = 4096;

}  // namespace

std::optional<PackedConvolution> PackedConvolution::pack(const at::Tensor& filter, const at::Tensor& bias,
                                                         const ConvolutionShape& shape, std::vector<int64_t> image_size,
                                                         bool relu) {
  const auto prepack = find_operator("mkldnn_prepacked::conv2d_prepack");
  if (!has_onednn() || !prepack || !find_operator("mkldnn_prepacked::conv2d_run")) return std::nullopt;
  PackedConvolution packed;
  packed.context_ = call(*prepack, {filter, bias, shape.stride, shape.padding, shape.dilation, shape.groups, image_size,
                                    std::string(relu ? "relu" : "none")});
  packed.image_size_ = std::move(image_size);
  return packed;
}

at::Tensor PackedConvolution::run(const at::Tensor& nchw) const {
  static const c10::OperatorHandle handle = *find_operator("mkldnn_prepacked::conv2d_run");
  return call(handle, {channels_last_image(nchw), context_}).toTensor();
}

at::Tensor convolve(const at::Tensor& nchw, const at::Tensor& filter, const at::Tensor& bias,
                    const ConvolutionShape& shape) {
  const at::Tensor image = channels_last_image(nchw);
  const bool is_float = nchw.scalar_type() == at::kFloat;
  if (!has_onednn() || !is_float || nchw.numel() == 0)
    return at::conv2d(image, filter, bias, shape.stride, shape.padding, shape.dilation, shape.groups);
  return at::mkldnn_convolution(image, filter.contiguous(channels_last), bias, shape.padding, shape.stride,
                                shape.dilation, shape.groups);
}

at::Tensor convolve_transposed(const at::Tensor& nchw, const at::Tensor& filter, const std::vector<int64_t>& stride) {
  if (!has_onednn() || nchw.numel() == 0) return at::conv_transpose2d(nchw, filter, {}, stride);
  // It is the gradient of a convolution by its input, which LibTorch does with oneDNN; of that input, only the size
  // counts.
  const at::Tensor size = at::empty({nchw.size(0), filter.size(1), (nchw.size(2) - 1) * stride[0] + filter.size(2),
                                     (nchw.size(3) - 1) * stride[1] + filter.size(3)},
                                    nchw.options(), channels_last);
  return std::get<0>(at::convolution_backward(channels_last_image(nchw), size, filter, c10::nullopt, stride,
                                              {0, 0}, {1, 1}, false, {0, 0}, 1, {true, false, false}));
}

at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b) {
  const int64_t inner = a.size(-1);
  const bool is_float = a.scalar_type() == at::kFloat;
  const bool fits = inner == b.size(-2) && a.sizes().slice(0, a.dim() - 2) == b.sizes().slice(0, b.dim() - 2);
  if (!has_onednn() || !is_float || !fits || a.numel() == 0 || b.numel() == 0 ||
      a.size(-2) * inner * b.size(-1) < few_multiplications)
    return at::matmul(a, b);
  std::vector<int64_t> shape = a.sizes().vec();
  shape.back() = b.size(-1);
  const at::Tensor left = a.reshape({-1, a.size(-2), inner});
  const at::Tensor right = b.reshape({-1, inner, b.size(-1)});
  std::vector<at::Tensor> products;
  for (int64_t i = 0; i < left.size(0); ++i) products.push_back(multiply_matrices(left[i], right[i]));
  return at::stack(products).reshape(shape);
}

}  // namespace passerelle::hostnn
