#include "passerelle/graph/constant.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "passerelle/graph/half.h"
#include "passerelle/support/check.h"

namespace passerelle::graph {
namespace {

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

template <typename T>
Constant owning(std::vector<T> values, ElementType type, Shape shape) {
  check(values.size() == element_count(shape), "a constant has a value for each element");
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  const void* data = owner->data();
  std::vector<int64_t> strides = row_major_strides(shape);
  return Constant(std::move(owner), data, type, std::move(shape), std::move(strides));
}

/// Calls `visit` with a function from an element's address to its value, of the widest type that loses nothing.
template <typename Visit>
void with_loader(ElementType type, Visit&& visit) {
  auto plain = [](auto tag) {
    using T = decltype(tag);
    return [](const unsigned char* address) {
      T value;
      std::memcpy(&value, address, sizeof value);
      return value;
    };
  };
  switch (type) {
    case ElementType::float32: return visit(plain(float{}));
    case ElementType::float64: return visit(plain(double{}));
    case ElementType::float16:
      return visit([load = plain(uint16_t{})](const unsigned char* p) { return half_to_float(load(p)); });
    case ElementType::bfloat16:
      return visit([load = plain(uint16_t{})](const unsigned char* p) { return bfloat16_to_float(load(p)); });
    case ElementType::int8:
    case ElementType::qint8: return visit(plain(int8_t{}));
    case ElementType::uint8:
    case ElementType::bool8:
    case ElementType::quint8: return visit(plain(uint8_t{}));
    case ElementType::int16: return visit(plain(int16_t{}));
    case ElementType::int32:
    case ElementType::qint32: return visit(plain(int32_t{}));
    case ElementType::int64: return visit(plain(int64_t{}));
    case ElementType::other: break;
  }
  check(false, "a constant has a numeric type");
}

template <typename To, typename From>
To saturated(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != 0;
  } else if constexpr (std::is_floating_point_v<To>) {
    return static_cast<To>(value);
  } else if constexpr (std::is_floating_point_v<From>) {
    if (std::isnan(value)) return 0;
    // The greatest int64 is no double: what reaches it is compared, not converted.
    if (value >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (value <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(value);
  } else {
    int64_t limited = std::clamp(static_cast<int64_t>(value), static_cast<int64_t>(std::numeric_limits<To>::min()),
                                 static_cast<int64_t>(std::numeric_limits<To>::max()));
    return static_cast<To>(limited);
  }
}

}  // namespace

Constant::Constant(std::shared_ptr<const void> owner, const void* data, ElementType type, Shape shape,
                   std::vector<int64_t> strides)
    : owner_(std::move(owner)),
      data_(static_cast<const unsigned char*>(data)),
      stored_(type),
      type_(type),
      shape_(std::move(shape)),
      axes_(shape_.size()) {
  check(strides.size() == shape_.size(), "a constant has a stride for each dimension");
  for (size_t i = 0; i < shape_.size(); ++i)
    if (shape_[i] > 1) axes_[i] = {{shape_[i], strides[i]}};
}

Constant Constant::from(std::vector<float> values, Shape shape) {
  return owning(std::move(values), ElementType::float32, std::move(shape));
}
Constant Constant::from(std::vector<int32_t> values, Shape shape) {
  return owning(std::move(values), ElementType::int32, std::move(shape));
}
Constant Constant::from(std::vector<uint8_t> values, Shape shape) {
  return owning(std::move(values), ElementType::uint8, std::move(shape));
}
Constant Constant::from(std::vector<int8_t> values, Shape shape) {
  return owning(std::move(values), ElementType::int8, std::move(shape));
}

Constant Constant::list(const std::vector<int32_t>& values) {
  return from(values, Shape{static_cast<uint32_t>(values.size())});
}

Constant Constant::filled(float value, Shape shape) { return from(std::vector<float>{value}, {}).broadcast_to(shape); }

Constant Constant::permuted(const Permutation& permutation) const {
  Constant result = *this;
  result.shape_ = graph::permuted(shape_, permutation);
  for (size_t i = 0; i < permutation.size(); ++i) result.axes_[i] = axes_[permutation[i]];
  Permutation inverted = inverse(permutation);
  for (Scale& scale : result.scales_) scale.dimension = inverted[scale.dimension];
  return result;
}

/// All of them, as few as possible: those that follow on each other in memory are one.
Constant::Axes Constant::joined_axes() const {
  Axes joined;
  for (const Axes& dimension : axes_)
    for (const Axis& axis : dimension) {
      if (!joined.empty() && joined.back().stride == axis.stride * static_cast<int64_t>(axis.size))
        joined.back() = {joined.back().size * axis.size, axis.stride};
      else
        joined.push_back(axis);
    }
  return joined;
}

/// The axes by the dimensions of a shape with as many elements; nothing where a dimension would need parts of an axis
/// that do not divide it.
std::vector<Constant::Axes> Constant::split(Axes axes, const Shape& shape) {
  std::vector<Axes> dimensions(shape.size());
  for (size_t i = shape.size(); i-- > 0;) {
    for (size_t wanted = shape[i]; wanted > 1;) {
      Axis& inner = axes.back();
      const size_t taken = std::min(wanted, inner.size);
      if (wanted % taken != 0 || inner.size % taken != 0) return {};
      dimensions[i].insert(dimensions[i].begin(), {taken, inner.stride});
      wanted /= taken;
      inner.size /= taken;
      inner.stride *= static_cast<int64_t>(taken);
      if (inner.size == 1) axes.pop_back();
    }
  }
  return dimensions;
}

namespace {

/// How many elements there are for each index of the dimension.
size_t inner_size(const Shape& shape, size_t dimension) {
  size_t size = 1;
  for (size_t i = dimension + 1; i < shape.size(); ++i) size *= shape[i];
  return size;
}

/// The dimension of another shape with as many elements that a dimension is, or none.
std::optional<size_t> same_dimension(const Shape& from, size_t dimension, const Shape& to) {
  for (size_t i = 0; i < to.size(); ++i)
    if (to[i] == from[dimension] && inner_size(to, i) == inner_size(from, dimension)) return i;
  return std::nullopt;
}

}  // namespace

Constant Constant::reshaped(Shape shape) const {
  check(element_count(shape) == size(), "a reshaped constant keeps its number of elements");
  if (shape == shape_) return *this;
  Constant result = *this;
  for (Scale& scale : result.scales_) {
    const std::optional<size_t> dimension = same_dimension(shape_, scale.dimension, shape);
    if (!dimension) return materialised().reshaped(std::move(shape));
    scale.dimension = *dimension;
  }
  result.axes_ = size() == 0 ? std::vector<Axes>(shape.size()) : split(joined_axes(), shape);
  if (result.axes_.size() != shape.size()) return materialised().reshaped(std::move(shape));
  result.shape_ = std::move(shape);
  return result;
}

Constant Constant::broadcast_to(const Shape& shape) const {
  check(shape.size() >= shape_.size(), "broadcasting does not lower the rank");
  size_t added = shape.size() - shape_.size();
  Constant result = *this;
  result.shape_ = shape;
  result.axes_.assign(shape.size(), {});
  for (size_t i = 0; i < shape.size(); ++i) {
    const uint32_t size = i < added ? 1 : shape_[i - added];
    check(size == shape[i] || size == 1, "broadcasting repeats dimensions of size 1 only");
    if (size > 1)
      result.axes_[i] = axes_[i - added];
    else if (shape[i] > 1)
      result.axes_[i] = {{shape[i], 0}};
  }
  for (Scale& scale : result.scales_) {
    scale.dimension += added;
    uint32_t size = shape[scale.dimension];
    if (scale.factors.size() == 1 && size != 1) scale.factors.assign(size, scale.factors.front());
  }
  return result;
}

/// How far in memory, in elements, the dimension's element `index` is from its first.
int64_t Constant::step_within(size_t dimension, size_t index) const {
  int64_t step = 0;
  const Axes& axes = axes_[dimension];
  for (size_t i = axes.size(); i-- > 0; index /= axes[i].size)
    step += static_cast<int64_t>(index % axes[i].size) * axes[i].stride;
  return step;
}

Constant Constant::sliced(size_t dimension, uint32_t begin, uint32_t count, int64_t step) const {
  check(dimension < shape_.size(), "a sliced dimension exists");
  int64_t last = static_cast<int64_t>(begin) + (static_cast<int64_t>(count) - 1) * step;
  check(count == 0 || (begin < shape_[dimension] && last >= 0 && last < shape_[dimension]), "a slice lies inside");
  if (count > 1 && axes_[dimension].size() > 1) return materialised().sliced(dimension, begin, count, step);
  Constant result = *this;
  if (count > 0) result.data_ += step_within(dimension, begin) * static_cast<int64_t>(graph::byte_size(stored_));
  result.shape_[dimension] = count;
  result.axes_[dimension].clear();
  if (count > 1 && !axes_[dimension].empty())
    result.axes_[dimension] = {{count, axes_[dimension].front().stride * step}};
  for (Scale& scale : result.scales_) {
    if (scale.dimension != dimension) continue;
    std::vector<float> kept;
    for (uint32_t i = 0; i < count; ++i)
      kept.push_back(scale.factors[static_cast<size_t>(static_cast<int64_t>(begin) + i * step)]);
    scale.factors = std::move(kept);
  }
  return result;
}

Constant Constant::converted(ElementType type) const {
  if (type == type_) return *this;
  // A conversion on top of another is only lazy where the first lost nothing; then the second may start from storage.
  bool untouched = type_ == stored_ && offset_ == 0 && scales_.empty();
  Constant result = untouched ? *this : materialised();
  result.type_ = type;
  return result;
}

Constant Constant::shifted(int32_t offset, ElementType type) const {
  // What was shifted before was saturated to its type before it is shifted again.
  Constant result = type_ == stored_ && offset_ == 0 && scales_.empty() ? *this : materialised();
  result.offset_ = offset;
  result.type_ = type;
  return result;
}

Constant Constant::scaled(size_t dimension, std::vector<float> factors) const {
  check(type_ == ElementType::float32, "only float32 constants are scaled");
  check(dimension < shape_.size() && factors.size() == shape_[dimension], "there is a factor for each index");
  Constant result = *this;
  result.scales_.push_back({dimension, std::move(factors)});
  return result;
}

bool Constant::is_contiguous() const {
  if (stored_ != type_ || offset_ != 0 || !scales_.empty()) return false;
  const Axes axes = joined_axes();
  return size() == 0 || axes.empty() || (axes.size() == 1 && axes.front().stride == 1);
}

/// Calls visit(offset in elements) for elements in row-major order.
template <typename Visit>
void Constant::for_each_offset(size_t first, size_t count, Visit&& visit) const {
  if (count == 0) return;
  const Axes axes = joined_axes();
  if (axes.empty()) return visit(int64_t{0});
  const size_t rank = axes.size();
  std::vector<size_t> index(rank);
  int64_t offset = 0;
  for (size_t i = rank; i-- > 0; first /= axes[i].size) {
    index[i] = first % axes[i].size;
    offset += static_cast<int64_t>(index[i]) * axes[i].stride;
  }
  const Axis inner = axes.back();
  while (true) {
    const size_t run = std::min(count, inner.size - index.back());
    for (size_t i = 0; i < run; ++i) visit(offset + static_cast<int64_t>(i) * inner.stride);
    count -= run;
    if (count == 0) return;
    offset -= static_cast<int64_t>(index.back()) * inner.stride;
    index.back() = 0;
    for (size_t i = rank - 1; i-- > 0;) {
      offset += axes[i].stride;
      if (++index[i] < axes[i].size) break;
      offset -= axes[i].stride * static_cast<int64_t>(axes[i].size);
      index[i] = 0;
    }
  }
}

/// Multiplies `count` elements from the row-major element `first` on by their factors.
void Constant::scale_part(const Scale& scale, float* values, size_t first, size_t count) const {
  const size_t inner = inner_size(shape_, scale.dimension);
  size_t factor = first / inner % scale.factors.size();
  for (size_t run = inner - first % inner; count > 0; run = inner) {
    run = std::min(run, count);
    for (float* const next = values + run; values != next; ++values) *values *= scale.factors[factor];
    count -= run;
    factor = (factor + 1) % scale.factors.size();
  }
}

void Constant::copy_to(void* out) const { copy_to(out, 0, size()); }

void Constant::copy_to(void* out, size_t first, size_t count) const {
  check(first <= size() && count <= size() - first, "what is copied lies inside");
  if (count == 0) return;
  if (is_contiguous()) {
    std::memcpy(out, data_ + first * graph::byte_size(stored_), count * graph::byte_size(stored_));
    return;
  }
  auto copy_as = [&](auto tag) {
    using To = decltype(tag);
    To* next = static_cast<To*>(out);
    size_t element = graph::byte_size(stored_);
    with_loader(stored_, [&](auto load) {
      using From = decltype(load(data_));
      if (offset_ == 0)
        for_each_offset(first, count, [&](int64_t at) { *next++ = saturated<To, From>(load(data_ + at * element)); });
      else
        for_each_offset(first, count, [&](int64_t at) {
          *next++ = saturated<To, int64_t>(static_cast<int64_t>(load(data_ + at * element)) + offset_);
        });
    });
  };
  switch (type_) {
    case ElementType::float32: copy_as(float{}); break;
    case ElementType::float64: copy_as(double{}); break;
    case ElementType::int8:
    case ElementType::qint8: copy_as(int8_t{}); break;
    case ElementType::bool8: copy_as(bool{}); break;
    case ElementType::uint8:
    case ElementType::quint8: copy_as(uint8_t{}); break;
    case ElementType::int16: copy_as(int16_t{}); break;
    case ElementType::int32:
    case ElementType::qint32: copy_as(int32_t{}); break;
    case ElementType::int64: copy_as(int64_t{}); break;
    case ElementType::float16:
    case ElementType::bfloat16: {
      auto* next = static_cast<uint16_t*>(out);
      if (stored_ != type_) {
        Constant wide = *this;
        wide.type_ = ElementType::float32;
        std::vector<float> values(count);
        wide.copy_to(values.data(), first, count);
        const auto narrowed = type_ == ElementType::float16 ? half_from_float : bfloat16_from_float;
        for (float value : values) *next++ = narrowed(value);
        return;
      }
      for_each_offset(first, count, [&](int64_t at) { std::memcpy(next++, data_ + at * 2, 2); });
      break;
    }
    case ElementType::other: check(false, "a constant has a numeric type");
  }
  for (const Scale& scale : scales_) scale_part(scale, static_cast<float*>(out), first, count);
}

Constant Constant::materialised() const {
  auto bytes = std::make_shared<std::vector<uint64_t>>((byte_size() + 7) / 8);
  copy_to(bytes->data());
  const void* data = bytes->data();
  return Constant(std::move(bytes), data, type_, shape_, row_major_strides(shape_));
}

std::vector<float> Constant::floats() const {
  if (type_ != ElementType::float32) return converted(ElementType::float32).floats();
  std::vector<float> values(size());
  copy_to(values.data());
  return values;
}

std::vector<int64_t> Constant::integers() const {
  if (type_ != ElementType::int64) return converted(ElementType::int64).integers();
  std::vector<int64_t> values(size());
  copy_to(values.data());
  return values;
}

bool Constant::is_uniform() const {
  const Axes axes = joined_axes();
  const bool repeats_one = std::all_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.stride == 0; });
  if (repeats_one && scales_.empty()) return true;
  constexpr size_t piece = 4096;
  const size_t element = graph::byte_size(type_), total = size();
  std::vector<unsigned char> bytes;
  // The first element stands before each piece: all are equal where the bytes are those one element before.
  for (size_t first = 1; first < total; first += piece) {
    const size_t count = std::min(piece, total - first);
    bytes.resize((1 + count) * element);
    copy_to(bytes.data(), 0, 1);
    copy_to(bytes.data() + element, first, count);
    if (std::memcmp(bytes.data(), bytes.data() + element, count * element) != 0) return false;
  }
  return true;
}

}  // namespace passerelle::graph
