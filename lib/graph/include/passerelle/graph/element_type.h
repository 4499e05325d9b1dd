// The element types of PyTorch tensors that the tool meets, without LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace passerelle::graph {

enum class ElementType : uint8_t {
  float32,
  float64,
  float16,
  bfloat16,
  int8,
  uint8,
  int16,
  int32,
  int64,
  bool8,
  quint8,
  qint8,
  qint32,  ///< affine quantized integers: real = (integer - zero point) * scale
  other,   ///< complex, strings, ...: never converted
};

/// Bytes of one element; 0 for `other`.
size_t byte_size(ElementType type);

/// PyTorch's name: "float32", "int64", "bool", "quint8", ...
std::string_view name(ElementType type);

bool is_floating_point(ElementType type);
bool is_quantized(ElementType type);

}  // namespace passerelle::graph
