#include "passerelle/verify/quantization.h"

#include <algorithm>
#include <cmath>

#include "passerelle/support/check.h"

namespace passerelle::verify {

using graph::ElementType;
using graph::HostTensor;

HostTensor quantized(const HostTensor& floats, ElementType type, const graph::Quantization& quantization) {
  check(floats.type == ElementType::float32 && (type == ElementType::quint8 || type == ElementType::qint8),
        "floats are quantized to 8 bits");
  HostTensor result{type, floats.shape, {}, quantization};
  const bool is_signed = type == ElementType::qint8;
  const float lowest = is_signed ? -128 : 0, highest = is_signed ? 127 : 255;
  const float inverse = 1.0f / quantization.scale;
  const auto zero_point = static_cast<float>(quantization.zero_point);
  const float* values = floats.as<float>();
  for (size_t i = 0; i < graph::element_count(floats.shape); ++i) {
    const float steps = std::clamp(zero_point + std::nearbyint(values[i] * inverse), lowest, highest);
    result.bytes.push_back(static_cast<unsigned char>(static_cast<int>(std::isnan(steps) ? zero_point : steps)));
  }
  return result;
}

HostTensor dequantized(const HostTensor& integers) {
  check(integers.type == ElementType::quint8 || integers.type == ElementType::qint8, "8 bits are dequantized");
  HostTensor result{ElementType::float32, integers.shape, {}, {}};
  result.bytes.resize(integers.bytes.size() * sizeof(float));
  float* values = result.as<float>();
  for (size_t i = 0; i < integers.bytes.size(); ++i) {
    const int integer = integers.type == ElementType::qint8 ? integers.as<int8_t>()[i] : integers.bytes[i];
    values[i] = static_cast<float>(integer - integers.quantization.zero_point) * integers.quantization.scale;
  }
  return result;
}

}  // namespace passerelle::verify
