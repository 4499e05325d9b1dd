#include "example_values.h"

#include <cmath>
#include <random>

#include "tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

using graph::ElementType;

constexpr int64_t most_elements = int64_t{1} << 31;
constexpr uint32_t seed = 20230517;

Error usage(const std::string& name, const std::string& what) {
  return {ErrorKind::usage, "the input '" + name + "' " + what};
}

/// Box and Muller's method on a generator that the C++ standard fixes: the same values on every machine.
at::Tensor normal_floats(const std::vector<int64_t>& shape, size_t position) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  std::mt19937 generator(seed + static_cast<uint32_t>(position));
  const auto uniform = [&] { return (static_cast<double>(generator()) + 0.5) / 4294967296.0; };
  float* values = tensor.data_ptr<float>();
  const int64_t count = tensor.numel();
  for (int64_t i = 0; i < count; i += 2) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = 2 * 3.14159265358979323846 * uniform();
    values[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < count) values[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
  return tensor;
}

at::Tensor small_integers(const std::vector<int64_t>& shape, size_t position, uint32_t limit) {
  at::Tensor tensor = at::empty(shape, at::kLong);
  std::mt19937 generator(seed + static_cast<uint32_t>(position));
  int64_t* values = tensor.data_ptr<int64_t>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<int64_t>(generator() % limit);
  return tensor;
}

at::Tensor quantized(const at::Tensor& floats, ElementType type, const graph::Quantization& quantization) {
  return at::quantize_per_tensor(floats, quantization.scale, quantization.zero_point, *scalar_type(type));
}

bool fits(ElementType integers, ElementType type) {
  return (type == ElementType::quint8 && integers == ElementType::uint8) ||
         (type == ElementType::qint8 && integers == ElementType::int8) ||
         (type == ElementType::qint32 && integers == ElementType::int32);
}

Expected<at::Tensor> from_values(const InputSpec& spec, const std::string& name) {
  graph::HostTensor values = *spec.values;
  const ElementType wanted = spec.type.value_or(values.type);
  if (!scalar_type(wanted) || !scalar_type(values.type)) return usage(name, "has an element type that can't be used");
  if (!graph::is_quantized(wanted)) return libtorch_tensor(values).to(*scalar_type(wanted));
  if (wanted == values.type) return libtorch_tensor(values);
  if (fits(values.type, wanted)) {
    values.type = wanted;
    values.quantization = spec.quantization;
    return libtorch_tensor(values);
  }
  if (values.type == ElementType::float32) return quantized(libtorch_tensor(values), wanted, spec.quantization);
  return usage(name, "is to be " + std::string(graph::name(wanted)) +
                         ", which is made of float32 or of its integers; its values are " +
                         std::string(graph::name(values.type)));
}

}  // namespace

std::vector<InputSpec> with_floats(std::vector<InputSpec> specs) {
  for (InputSpec& spec : specs) {
    if (!spec.type || !graph::is_quantized(*spec.type)) continue;
    if (spec.values && fits(spec.values->type, *spec.type)) {
      spec.values->type = *spec.type;
      spec.values->quantization = spec.quantization;
    }
    if (spec.values && graph::is_quantized(spec.values->type))
      spec.values = host_tensor(libtorch_tensor(*spec.values).dequantize());
    spec.type = ElementType::float32;
    spec.quantization = {};
  }
  return specs;
}

Expected<at::Tensor> example_tensor(const InputSpec& spec, const std::string& name, size_t position) {
  const ElementType type = spec.type.value_or(spec.values ? spec.values->type : ElementType::float32);
  const bool has_scale = spec.quantization.scale > 0 && std::isfinite(spec.quantization.scale);
  const bool brings_scale = spec.values && graph::is_quantized(spec.values->type);
  if (graph::is_quantized(type) && !has_scale && !brings_scale)
    return usage(name, "is quantized: it needs a scale above 0 and a zero point");
  if (spec.values) return from_values(spec, name);
  if (!spec.shape) return usage(name, "needs a shape or a .npy file");
  int64_t count = 1;
  for (int64_t size : *spec.shape) {
    if (size < 0) return usage(name, "has a negative dimension");
    if (size > 0 && count > most_elements / size) return usage(name, "has more than 2^31 elements");
    count *= size;
  }
  if (type == ElementType::bool8) return small_integers(*spec.shape, position, 2).to(at::kBool);
  if (graph::is_quantized(type)) return quantized(normal_floats(*spec.shape, position), type, spec.quantization);
  if (graph::is_floating_point(type)) return normal_floats(*spec.shape, position).to(*scalar_type(type));
  if (!scalar_type(type)) return usage(name, "has an element type that can't be used");
  return small_integers(*spec.shape, position, 10).to(*scalar_type(type));
}

}  // namespace passerelle::torchscript
