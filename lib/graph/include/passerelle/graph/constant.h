// Immutable tensors: lazy views of storage that somebody else (LibTorch, mostly) keeps.
//
// A permuted, sliced, converted, shifted or scaled constant shares the storage of the original; the bytes are made real
// only when they are asked for, which for weights is while the file is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "passerelle/graph/element_type.h"
#include "passerelle/graph/shape.h"

namespace passerelle::graph {

class Constant {
 public:
  /// A view of `data`, which `owner` keeps alive. `strides` are in elements, one a dimension, and may be 0 (broadcast).
  Constant(std::shared_ptr<const void> owner, const void* data, ElementType type, Shape shape,
           std::vector<int64_t> strides);

  /// A constant that owns its row-major values. values.size() == element_count(shape).
  static Constant from(std::vector<float> values, Shape shape);
  static Constant from(std::vector<int32_t> values, Shape shape);
  static Constant from(std::vector<uint8_t> values, Shape shape);
  static Constant from(std::vector<int8_t> values, Shape shape);
  /// A one-dimensional INT32 tensor: the form of NNAPI's shapes, axes, paddings.
  static Constant list(const std::vector<int32_t>& values);
  /// One value everywhere.
  static Constant filled(float value, Shape shape);

  ElementType type() const { return type_; }  ///< of the elements as read, after conversion
  const Shape& shape() const { return shape_; }
  size_t size() const { return element_count(shape_); }
  size_t byte_size() const { return size() * graph::byte_size(type_); }

  Constant permuted(const Permutation& permutation) const;
  /// Same elements in row-major order. Copies only where the parts do not fit: 4x3 that was permuted from 3x4, as 6x2,
  /// or a scaled dimension that is joined with others or taken apart.
  Constant reshaped(Shape shape) const;
  /// Repeats dimensions of size 1 (NumPy's broadcasting; `shape` may have more dimensions).
  Constant broadcast_to(const Shape& shape) const;
  /// Elements begin, begin+step, ... (`count` of them) of one dimension.
  Constant sliced(size_t dimension, uint32_t begin, uint32_t count, int64_t step = 1) const;
  /// Another element type; integers are narrowed by saturation, so prove their range first.
  Constant converted(ElementType type) const;
  /// Integers plus `offset`, read as `type` (qint8 weights to quint8 ones: +128).
  Constant shifted(int32_t offset, ElementType type) const;
  /// float32 only: element times factors[index along `dimension`].
  Constant scaled(size_t dimension, std::vector<float> factors) const;

  /// Row-major bytes into `out`, byte_size() of them.
  void copy_to(void* out) const;
  /// `count` elements from the row-major element `first` on.
  void copy_to(void* out, size_t first, size_t count) const;
  /// Row-major values. Any numeric type converts to the asked one.
  std::vector<float> floats() const;
  std::vector<int64_t> integers() const;
  /// Whether all elements are equal to the first (also true when empty or of one element).
  bool is_uniform() const;
  /// Whether the elements lie in memory as copy_to would write them, so that data() can be used as it is.
  bool is_contiguous() const;
  const void* data() const { return data_; }

 private:
  /// `size` steps of `stride` elements in memory.
  struct Axis {
    size_t size;
    int64_t stride;
  };
  using Axes = std::vector<Axis>;  // outermost first, none of size 1
  struct Scale {
    size_t dimension;
    std::vector<float> factors;
  };
  Constant materialised() const;
  Axes joined_axes() const;
  static std::vector<Axes> split(Axes axes, const Shape& shape);
  int64_t step_within(size_t dimension, size_t index) const;
  void scale_part(const Scale& scale, float* values, size_t first, size_t count) const;
  template <typename Visit>
  void for_each_offset(size_t first, size_t count, Visit&& visit) const;

  std::shared_ptr<const void> owner_;
  const unsigned char* data_;
  ElementType stored_;  // as it lies in memory
  ElementType type_;    // as it is read
  int32_t offset_ = 0;
  Shape shape_;
  std::vector<Axes> axes_;  // by dimension: what its elements are made up of; unused where there are no elements
  std::vector<Scale> scales_;
};

}  // namespace passerelle::graph
