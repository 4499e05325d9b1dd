#include "passerelle/graph/constant.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
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

float bfloat16_to_float(uint16_t stored) {
  uint32_t bits = static_cast<uint32_t>(stored) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
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

/// Multiplies a row-major tensor by a factor for each index of one dimension.
void scale_along(size_t dimension, const std::vector<float>& factors, const Shape& shape, float* values) {
  size_t inner = 1;
  for (size_t i = dimension + 1; i < shape.size(); ++i) inner *= shape[i];
  const float* const end = values + element_count(shape);
  while (values != end)
    for (float factor : factors)
      for (float* const next = values + inner; values != next; ++values) *values *= factor;
}

}  // namespace

Constant::Constant(std::shared_ptr<const void> owner, const void* data, ElementType type, Shape shape,
                   std::vector<int64_t> strides)
    : owner_(std::move(owner)),
      data_(static_cast<const unsigned char*>(data)),
      stored_(type),
      type_(type),
      shape_(std::move(shape)),
      strides_(std::move(strides)) {
  check(strides_.size() == shape_.size(), "a constant has a stride for each dimension");
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
  for (size_t i = 0; i < permutation.size(); ++i) result.strides_[i] = strides_[permutation[i]];
  Permutation inverted = inverse(permutation);
  for (Scale& scale : result.scales_) scale.dimension = inverted[scale.dimension];
  return result;
}

Constant Constant::reshaped(Shape shape) const {
  check(element_count(shape) == size(), "a reshaped constant keeps its number of elements");
  if (shape == shape_) return *this;
  // A view is possible where the elements lie in order, or are all one element.
  bool one_element = std::all_of(strides_.begin(), strides_.end(), [](int64_t stride) { return stride == 0; });
  bool in_order = true;
  std::vector<int64_t> ordered = row_major_strides(shape_);
  for (size_t i = 0; i < shape_.size(); ++i) in_order &= shape_[i] == 1 || strides_[i] == ordered[i];
  if (!scales_.empty() || (!in_order && !one_element)) return materialised().reshaped(std::move(shape));
  Constant result = *this;
  result.strides_ = in_order ? row_major_strides(shape) : std::vector<int64_t>(shape.size(), 0);
  result.shape_ = std::move(shape);
  return result;
}

Constant Constant::broadcast_to(const Shape& shape) const {
  check(shape.size() >= shape_.size(), "broadcasting does not lower the rank");
  size_t added = shape.size() - shape_.size();
  Constant result = *this;
  result.shape_ = shape;
  result.strides_.assign(shape.size(), 0);
  for (size_t i = 0; i < shape_.size(); ++i) {
    check(shape_[i] == shape[added + i] || shape_[i] == 1, "broadcasting repeats dimensions of size 1 only");
    if (shape_[i] == shape[added + i]) result.strides_[added + i] = strides_[i];
  }
  for (Scale& scale : result.scales_) {
    scale.dimension += added;
    uint32_t size = shape[scale.dimension];
    if (scale.factors.size() == 1 && size != 1) scale.factors.assign(size, scale.factors.front());
  }
  return result;
}

Constant Constant::sliced(size_t dimension, uint32_t begin, uint32_t count, int64_t step) const {
  check(dimension < shape_.size(), "a sliced dimension exists");
  int64_t last = static_cast<int64_t>(begin) + (static_cast<int64_t>(count) - 1) * step;
  check(count == 0 || (begin < shape_[dimension] && last >= 0 && last < shape_[dimension]), "a slice lies inside");
  Constant result = *this;
  if (count > 0)
    result.data_ += static_cast<int64_t>(begin) * strides_[dimension] * static_cast<int64_t>(graph::byte_size(stored_));
  result.shape_[dimension] = count;
  result.strides_[dimension] = strides_[dimension] * step;
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
  Constant result = stored_ == ElementType::float32 ? *this : materialised();
  result.scales_.push_back({dimension, std::move(factors)});
  return result;
}

bool Constant::is_contiguous() const {
  if (stored_ != type_ || offset_ != 0 || !scales_.empty()) return false;
  std::vector<int64_t> ordered = row_major_strides(shape_);
  for (size_t i = 0; i < shape_.size(); ++i)
    if (shape_[i] != 1 && strides_[i] != ordered[i]) return false;
  return true;
}

/// Calls visit(offset in elements) for each element in row-major order.
template <typename Visit>
void Constant::for_each_offset(Visit&& visit) const {
  if (size() == 0) return;
  size_t rank = shape_.size();
  if (rank == 0) return visit(int64_t{0});
  std::vector<uint32_t> index(rank, 0);
  int64_t offset = 0;
  uint32_t inner = shape_[rank - 1];
  int64_t inner_stride = strides_[rank - 1];
  while (true) {
    for (uint32_t i = 0; i < inner; ++i) visit(offset + i * inner_stride);
    size_t dimension = rank - 1;
    while (dimension > 0) {
      --dimension;
      offset += strides_[dimension];
      if (++index[dimension] < shape_[dimension]) break;
      offset -= strides_[dimension] * shape_[dimension];
      index[dimension] = 0;
      if (dimension == 0) return;
    }
    if (rank == 1) return;
  }
}

void Constant::copy_to(void* out) const {
  if (is_contiguous()) {
    if (size() > 0) std::memcpy(out, data_, byte_size());
    return;
  }
  auto copy_as = [&](auto tag) {
    using To = decltype(tag);
    To* next = static_cast<To*>(out);
    size_t element = graph::byte_size(stored_);
    with_loader(stored_, [&](auto load) {
      using From = decltype(load(data_));
      if (offset_ == 0)
        for_each_offset([&](int64_t at) { *next++ = saturated<To, From>(load(data_ + at * element)); });
      else
        for_each_offset([&](int64_t at) {
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
        check(type_ == ElementType::float16, "nothing is converted to bfloat16");
        Constant wide = *this;
        wide.type_ = ElementType::float32;
        std::vector<float> values(size());
        wide.copy_to(values.data());
        for (float value : values) *next++ = half_from_float(value);
        return;
      }
      for_each_offset([&](int64_t at) { std::memcpy(next++, data_ + at * 2, 2); });
      break;
    }
    case ElementType::other: check(false, "a constant has a numeric type");
  }
  for (const Scale& scale : scales_) scale_along(scale.dimension, scale.factors, shape_, static_cast<float*>(out));
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
  if (size() < 2 || std::all_of(strides_.begin(), strides_.end(), [](int64_t stride) { return stride == 0; }))
    return scales_.empty() || materialised().is_uniform();
  std::vector<unsigned char> bytes(byte_size());
  copy_to(bytes.data());
  size_t element = graph::byte_size(type_);
  for (size_t at = element; at < bytes.size(); at += element)
    if (std::memcmp(bytes.data(), bytes.data() + at, element) != 0) return false;
  return true;
}

}  // namespace passerelle::graph
