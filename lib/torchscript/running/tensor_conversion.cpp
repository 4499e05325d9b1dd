#include "tensor_conversion.h"

#include <cstring>

#include "passerelle/support/check.h"

namespace passerelle::torchscript {
namespace {

using graph::ElementType;

struct TypePair {
  at::ScalarType libtorch;
  ElementType ours;
};

constexpr TypePair type_pairs[] = {
    {at::kFloat, ElementType::float32}, {at::kDouble, ElementType::float64},    {at::kHalf, ElementType::float16},
    {at::kChar, ElementType::int8},     {at::kBFloat16, ElementType::bfloat16}, {at::kByte, ElementType::uint8},
    {at::kShort, ElementType::int16},   {at::kInt, ElementType::int32},         {at::kLong, ElementType::int64},
    {at::kBool, ElementType::bool8},    {at::kQUInt8, ElementType::quint8},     {at::kQInt8, ElementType::qint8},
    {at::kQInt32, ElementType::qint32},
};

template <typename T>
std::vector<T> to_vector(const at::Tensor& tensor, at::ScalarType type) {
  const at::Tensor values = tensor.to(type).contiguous();
  const T* begin = values.data_ptr<T>();
  return {begin, begin + values.numel()};
}

bool is_dense(const at::Tensor& tensor) {
  return tensor.defined() && tensor.layout() == at::kStrided && tensor.device().is_cpu() && !tensor.is_conj() &&
         !tensor.is_neg();
}

void describe_quantization(const at::Tensor& tensor, Tensor& result) {
  const at::QScheme scheme = tensor.qscheme();
  if (scheme == at::kPerTensorAffine || scheme == at::kPerTensorSymmetric) {
    result.quantization.scale = static_cast<float>(tensor.q_scale());
    result.quantization.zero_point = static_cast<int32_t>(tensor.q_zero_point());
    return;
  }
  result.quantization.channel_scales = to_vector<float>(tensor.q_per_channel_scales(), at::kFloat);
  result.quantization.channel_dimension = static_cast<uint32_t>(tensor.q_per_channel_axis());
  // Zero points may be floats (kPerChannelAffineFloatQParams); no counterpart exists then, and lowering sees them
  // rounded.
  result.channel_zero_points = to_vector<int64_t>(tensor.q_per_channel_zero_points(), at::kLong);
}

}  // namespace

ElementType element_type(at::ScalarType type) {
  for (const TypePair& pair : type_pairs)
    if (pair.libtorch == type) return pair.ours;
  return ElementType::other;
}

std::optional<at::ScalarType> scalar_type(ElementType type) {
  for (const TypePair& pair : type_pairs)
    if (pair.ours == type) return pair.libtorch;
  return std::nullopt;
}

Tensor describe(const at::Tensor& tensor) {
  Tensor result;
  result.type = element_type(tensor.scalar_type());
  result.shape = tensor.sizes().vec();
  if (tensor.is_quantized()) describe_quantization(tensor, result);
  return result;
}

std::optional<graph::Constant> constant_view(const at::Tensor& tensor) {
  const ElementType type = tensor.defined() ? element_type(tensor.scalar_type()) : ElementType::other;
  if (type == ElementType::other || !is_dense(tensor)) return std::nullopt;
  auto owner = std::make_shared<const at::Tensor>(tensor);
  const void* data = tensor.data_ptr();
  return graph::Constant(std::move(owner), data, type, graph::Shape(tensor.sizes().begin(), tensor.sizes().end()),
                         tensor.strides().vec());
}

graph::HostTensor host_tensor(const at::Tensor& tensor) {
  graph::HostTensor result;
  const Tensor description = describe(tensor);
  result.type = description.type;
  result.quantization = description.quantization;
  result.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
  const at::Tensor dense = (tensor.is_quantized() ? at::int_repr(tensor) : tensor).resolve_conj().contiguous();
  const auto* bytes = static_cast<const unsigned char*>(dense.data_ptr());
  result.bytes.assign(bytes, bytes + dense.nbytes());
  return result;
}

at::Tensor libtorch_tensor(const graph::HostTensor& tensor) {
  const std::optional<at::ScalarType> type = scalar_type(tensor.type);
  check(type.has_value(), "a host tensor has a type that LibTorch knows");
  const std::vector<int64_t> sizes(tensor.shape.begin(), tensor.shape.end());
  at::Tensor result;
  if (graph::is_quantized(tensor.type)) {
    const auto options = at::TensorOptions(*type);
    const graph::Quantization& q = tensor.quantization;
    if (q.channel_scales.empty()) {
      result = at::_empty_affine_quantized(sizes, options, q.scale, q.zero_point);
    } else {
      const at::Tensor scales = at::tensor(q.channel_scales, at::kDouble);
      result = at::_empty_per_channel_affine_quantized(sizes, scales, at::zeros_like(scales, at::kLong),
                                                       q.channel_dimension, options);
    }
  } else {
    result = at::empty(sizes, at::TensorOptions(*type));
  }
  check(result.nbytes() == tensor.bytes.size(), "a host tensor has as many bytes as its shape and type say");
  if (!tensor.bytes.empty()) std::memcpy(result.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return result;
}

std::string type_and_shape(const at::Tensor& tensor) {
  return std::string(graph::name(element_type(tensor.scalar_type()))) + " " +
         graph::to_string(graph::Shape(tensor.sizes().begin(), tensor.sizes().end()));
}

}  // namespace passerelle::torchscript
