#include "onednn.h"

#include <ATen/Context.h>

#include <algorithm>

#include "onednn_port.h"
#include "passerelle/nnapi/c_api.h"

namespace passerelle::hostnn {
namespace {

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

bool has_onednn() { return at::globalContext().hasMKLDNN() && at::globalContext().userEnabledMkldnn(); }

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

constexpr auto type = dnnl::memory::data_type::f32;
using Sizes = std::vector<int64_t>;

const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Sizes size_of_result(const at::Tensor& filter, const ConvolutionShape& shape, const Sizes& image) {
  Sizes result{image[0], filter.size(0)};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t covered = (filter.size(static_cast<int64_t>(i) + 2) - 1) * shape.dilation[i] + 1;
    result.push_back((image[i + 2] + 2 * shape.padding[i] - covered) / shape.stride[i] + 1);
  }
  return result;
}

/// A filter as it lies in memory; with groups they are a dimension of their own.
dnnl::memory::desc descriptor_of(const at::Tensor& filter, int64_t groups) {
  Sizes sizes = filter.sizes().vec(), strides = filter.strides().vec();
  if (groups > 1) {
    sizes[0] /= groups;
    sizes.insert(sizes.begin(), groups);
    strides.insert(strides.begin(), sizes[1] * strides[0]);
  }
  return {sizes, type, strides};
}

dnnl::primitive_attr attributes_of(int64_t activation) {
  dnnl::post_ops after;
  if (activation == ANEURALNETWORKS_FUSED_RELU) port::append_activation(after, dnnl::algorithm::eltwise_relu, 0, 0);
  if (activation == ANEURALNETWORKS_FUSED_RELU1) port::append_activation(after, dnnl::algorithm::eltwise_clip, -1, 1);
  if (activation == ANEURALNETWORKS_FUSED_RELU6) port::append_activation(after, dnnl::algorithm::eltwise_clip, 0, 6);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  // With a scratchpad of its own a primitive could not run in several threads at once.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

/// A copy in another order.
dnnl::memory reordered(dnnl::memory from, const dnnl::memory::desc& order) {
  dnnl::memory to(order, processor());
  dnnl::stream stream(processor());
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return to;
}

/// Below this many multiplications nothing is gained.
constexpr int64_t few_multiplications = 4096;

}  // namespace

struct PackedConvolution::Parts {
  dnnl::convolution_forward convolution;
  dnnl::memory::desc image, result, scratchpad;
  dnnl::memory weights, bias;
  std::vector<int64_t> image_size, result_size;
};

PackedConvolution::PackedConvolution() : parts_(std::make_unique<Parts>()) {}
PackedConvolution::~PackedConvolution() = default;

std::unique_ptr<const PackedConvolution> PackedConvolution::pack(const at::Tensor& filter, const at::Tensor& bias,
                                                                 const ConvolutionShape& shape,
                                                                 const std::vector<int64_t>& image_size,
                                                                 int64_t activation) {
  using Descriptor = dnnl::memory::desc;
  const Sizes result_size = size_of_result(filter, shape, image_size);
  const bool is_empty = std::any_of(result_size.begin(), result_size.end(), [](int64_t size) { return size < 1; });
  const bool bias_fits = bias.dim() == 1 && bias.size(0) == filter.size(0);
  const bool is_known = activation >= ANEURALNETWORKS_FUSED_NONE && activation <= ANEURALNETWORKS_FUSED_RELU6;
  if (is_empty || !bias_fits || !is_known) return nullptr;
  auto packed = std::make_unique<PackedConvolution>();
  Parts& parts = *packed->parts_;
  parts.image_size = image_size;
  parts.result_size = result_size;
  parts.image = Descriptor(image_size, type, dnnl::memory::format_tag::nhwc);
  parts.result = Descriptor(result_size, type, dnnl::memory::format_tag::nhwc);
  const Descriptor given = descriptor_of(filter, shape.groups);
  const Descriptor any(port::sizes_of(given), type, dnnl::memory::format_tag::any);
  const Descriptor bias_descriptor(bias.sizes().vec(), type, dnnl::memory::format_tag::x);
  const Sizes skipped{shape.dilation[0] - 1, shape.dilation[1] - 1};  // between taps
  const auto primitive = port::describe_convolution(processor(), {parts.image, any, bias_descriptor, parts.result},
                                                    {shape.stride, skipped, shape.padding}, attributes_of(activation));
  parts.convolution = dnnl::convolution_forward(primitive);
  parts.scratchpad = primitive.scratchpad_desc();
  parts.weights = reordered(dnnl::memory(given, processor(), filter.data_ptr()), primitive.weights_desc());
  const at::Tensor own_bias = bias.contiguous();
  parts.bias = reordered(dnnl::memory(bias_descriptor, processor(), own_bias.data_ptr()), bias_descriptor);
  return packed;
}

bool PackedConvolution::fits(const at::Tensor& nchw) const { return nchw.sizes() == parts_->image_size; }

at::Tensor PackedConvolution::run(const at::Tensor& nchw) const {
  const at::Tensor image = channels_last_image(nchw);
  const at::Tensor result = at::empty(parts_->result_size, image.options(), channels_last);
  const at::Tensor scratchpad =
      at::empty({static_cast<int64_t>(parts_->scratchpad.get_size())}, image.options().dtype(at::kByte));
  dnnl::stream stream(processor());
  parts_->convolution.execute(stream,
                              {{DNNL_ARG_SRC, {parts_->image, processor(), image.data_ptr()}},
                               {DNNL_ARG_WEIGHTS, parts_->weights},
                               {DNNL_ARG_BIAS, parts_->bias},
                               {DNNL_ARG_DST, {parts_->result, processor(), result.data_ptr()}},
                               {DNNL_ARG_SCRATCHPAD, {parts_->scratchpad, processor(), scratchpad.data_ptr()}}});
  stream.wait();
  return result;
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
  return std::get<0>(at::convolution_backward(channels_last_image(nchw), size, filter, c10::nullopt, stride, {0, 0},
                                              {1, 1}, false, {0, 0}, 1, {true, false, false}));
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
