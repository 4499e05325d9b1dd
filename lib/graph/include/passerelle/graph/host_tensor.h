// A tensor in ordinary memory, row-major, in PyTorch's order and with PyTorch's dtype; and NumPy's file format for it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "passerelle/graph/element_type.h"
#include "passerelle/graph/graph.h"
#include "passerelle/graph/shape.h"
#include "passerelle/support/expected.h"

namespace passerelle::graph {

struct HostTensor {
  ElementType type = ElementType::float32;
  Shape shape;
  std::vector<unsigned char> bytes;  ///< element_count(shape) * byte_size(type)
  Quantization quantization;         ///< where the type is quantized; the bytes are the integers

  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(bytes.data());
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(bytes.data());
  }
};

/// Reads NumPy's format, versions 1.0 to 3.0, little-endian, C or Fortran order. The header is not trusted: an Error of
/// kind `unreadable` names the file and what is wrong. uint8 and int8 files stand for quantized tensors' integers too.
Expected<HostTensor> read_npy(const std::string& path);

/// Writes version 1.0, C order; quantized tensors as their integers. Whole or not at all: see support/atomic_file.h.
Expected<void> write_npy(const std::string& path, const HostTensor& tensor);

}  // namespace passerelle::graph
