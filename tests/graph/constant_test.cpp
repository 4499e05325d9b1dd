// Lazy constants against the plain thing: every operation is also done on a row-major array of doubles, element by
// element.
#include <algorithm>
#include <optional>
#include <random>

#include "catch.h"
#include "passerelle/graph/constant.h"
#include "passerelle/support/check.h"

namespace passerelle::graph {
namespace {

/// The plain thing.
struct Array {
  Shape shape;
  std::vector<double> values;
};

std::vector<uint32_t> position_of(size_t flat, const Shape& shape) {
  std::vector<uint32_t> position(shape.size());
  for (size_t i = shape.size(); i-- > 0; flat /= shape[i]) position[i] = static_cast<uint32_t>(flat % shape[i]);
  return position;
}

/// A new array whose element at each position is that of `array` at from(position).
template <typename From>
Array rearranged(const Array& array, Shape shape, From&& from) {
  Array result{shape, std::vector<double>(element_count(shape))};
  for (size_t i = 0; i < result.values.size(); ++i) {
    std::vector<uint32_t> source = from(position_of(i, shape));
    size_t flat = 0;
    for (size_t d = 0; d < array.shape.size(); ++d) flat = flat * array.shape[d] + source[d];
    result.values[i] = array.values[flat];
  }
  return result;
}

class RandomViews {
 public:
  explicit RandomViews(uint32_t seed) : random_(seed) {
    Shape shape;
    for (int i = below(5); i > 0; --i) shape.push_back(static_cast<uint32_t>(1 + below(4)));
    std::vector<float> values(element_count(shape));
    for (float& value : values) value = static_cast<float>(below(2000) - 1000) / 8;
    array_ = {shape, std::vector<double>(values.begin(), values.end())};
    constant_ = Constant::from(std::move(values), shape);
  }

  void step() {
    switch (below(5)) {
      case 0: return permute();
      case 1: return reshape();
      case 2: return slice();
      case 3: return scale();
      default: return broadcast();
    }
  }

  void compare() {
    REQUIRE(constant_->shape() == array_.shape);
    compare_part();
    std::vector<float> values = constant_->floats();
    REQUIRE(values.size() == array_.values.size());
    for (size_t i = 0; i < values.size(); ++i) REQUIRE(values[i] == static_cast<float>(array_.values[i]));
    std::vector<int64_t> integers = constant_->converted(ElementType::int64).integers();
    for (size_t i = 0; i < integers.size(); ++i) REQUIRE(integers[i] == static_cast<int64_t>(array_.values[i]));
  }

 private:
  void compare_part() {
    const size_t first = static_cast<size_t>(below(static_cast<int>(array_.values.size()) + 1));
    const size_t count = static_cast<size_t>(below(static_cast<int>(array_.values.size() - first) + 1));
    std::vector<float> part(count + 1, 12345);
    constant_->copy_to(part.data(), first, count);
    for (size_t i = 0; i < count; ++i) REQUIRE(part[i] == static_cast<float>(array_.values[first + i]));
    REQUIRE(part[count] == 12345);
    bool uniform = true;
    for (const double value : array_.values) uniform &= value == array_.values[0];
    REQUIRE(constant_->is_uniform() == uniform);
  }

  int below(int limit) { return static_cast<int>(random_() % static_cast<uint32_t>(limit)); }

  void permute() {
    Permutation permutation = identity_permutation(array_.shape.size());
    std::shuffle(permutation.begin(), permutation.end(), random_);
    constant_ = constant_->permuted(permutation);
    array_ = rearranged(array_, permuted(array_.shape, permutation), [&](const std::vector<uint32_t>& position) {
      std::vector<uint32_t> source(position.size());
      for (size_t i = 0; i < position.size(); ++i) source[permutation[i]] = position[i];
      return source;
    });
  }

  void reshape() {
    Shape shape;
    size_t left = element_count(array_.shape);
    for (uint32_t factor : {2u, 3u, 2u})
      if (left % factor == 0 && below(2)) {
        shape.push_back(factor);
        left /= factor;
      }
    shape.insert(shape.begin() + below(static_cast<int>(shape.size()) + 1), static_cast<uint32_t>(left));
    constant_ = constant_->reshaped(shape);
    array_.shape = shape;
  }

  void slice() {
    if (array_.shape.empty()) return;
    size_t dimension = static_cast<size_t>(below(static_cast<int>(array_.shape.size())));
    int size = static_cast<int>(array_.shape[dimension]);
    int begin = below(size), step = below(2) ? 1 : -1;
    int longest = step > 0 ? size - begin : begin + 1;
    int count = 1 + below(longest);
    constant_ = constant_->sliced(dimension, static_cast<uint32_t>(begin), static_cast<uint32_t>(count), step);
    Shape shape = array_.shape;
    shape[dimension] = static_cast<uint32_t>(count);
    array_ = rearranged(array_, shape, [&](std::vector<uint32_t> position) {
      position[dimension] = static_cast<uint32_t>(begin + step * static_cast<int>(position[dimension]));
      return position;
    });
  }

  /// By powers of two, so that no rounding hides a mistake.
  void scale() {
    if (array_.shape.empty()) return;
    size_t dimension = static_cast<size_t>(below(static_cast<int>(array_.shape.size())));
    std::vector<float> factors(array_.shape[dimension]);
    for (float& factor : factors) factor = below(2) ? 2.0f : -0.5f;
    constant_ = constant_->scaled(dimension, factors);
    for (size_t i = 0; i < array_.values.size(); ++i)
      array_.values[i] *= factors[position_of(i, array_.shape)[dimension]];
  }

  void broadcast() {
    if (array_.shape.size() > 4) return;
    Shape shape = array_.shape;
    for (uint32_t& size : shape)
      if (size == 1 && below(2)) size = static_cast<uint32_t>(1 + below(3));
    size_t added = static_cast<size_t>(below(2));
    shape.insert(shape.begin(), added, 2);
    if (element_count(shape) > 4096) return;
    constant_ = constant_->broadcast_to(shape);
    Shape before = array_.shape;
    array_ = rearranged(array_, shape, [&](const std::vector<uint32_t>& position) {
      std::vector<uint32_t> source(position.begin() + static_cast<std::ptrdiff_t>(added), position.end());
      for (size_t i = 0; i < source.size(); ++i)
        if (before[i] == 1) source[i] = 0;
      return source;
    });
  }

  std::mt19937 random_;
  Array array_;
  std::optional<Constant> constant_;
};

}  // namespace

TEST_CASE("chains of lazy views hold what the same steps on an array give") {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    RandomViews views(seed);
    views.compare();
    for (int step = 0; step < 8; ++step) {
      views.step();
      views.compare();
    }
  }
}

TEST_CASE("weights of a layer behind a flattened image are reordered without a copy, scaled or not") {
  std::vector<float> values(5 * 2 * 3 * 4);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const Constant weights = Constant::from(values, {5, 24});
  const Constant scaled = weights.scaled(0, {1, 2, 4, 8, 16});
  for (const Constant& from : {weights, scaled, scaled.permuted({1, 0}).permuted({1, 0})}) {
    const Constant reordered = from.reshaped({5, 2, 3, 4}).permuted({0, 2, 3, 1}).reshaped({5, 24});
    CHECK(reordered.data() == weights.data());
    const std::vector<float> plain = from.floats(), found = reordered.floats();
    for (size_t row = 0; row < 5; ++row)
      for (size_t pixel = 0; pixel < 12; ++pixel)
        for (size_t channel = 0; channel < 2; ++channel)
          REQUIRE(found[row * 24 + pixel * 2 + channel] == plain[row * 24 + channel * 12 + pixel]);
    CHECK(reordered.sliced(1, 3, 1).floats()[2] == found[2 * 24 + 3]);
    CHECK(reordered.sliced(1, 23, 24, -1).floats()[0] == found[23]);
  }
}

TEST_CASE("a constant without elements goes through every step") {
  const Constant empty = Constant::from(std::vector<float>{}, {3, 0, 2}).scaled(0, {1, 2, 3});
  const Constant end = empty.permuted({1, 0, 2}).reshaped({0, 4}).broadcast_to({2, 0, 4}).sliced(2, 1, 2);
  CHECK(end.shape() == Shape{2, 0, 2});
  CHECK(end.floats().empty());
  CHECK(end.is_uniform());
}

TEST_CASE("a shifted constant is saturated before it is read as another type, or shifted again") {
  const Constant weights = Constant::from(std::vector<int8_t>{-128, -1, 0, 127}, {4});
  const Constant shifted = weights.shifted(100, ElementType::int8);
  CHECK(shifted.integers() == std::vector<int64_t>{-28, 99, 100, 127});
  CHECK(shifted.converted(ElementType::int32).integers() == std::vector<int64_t>{-28, 99, 100, 127});
  CHECK(shifted.shifted(-100, ElementType::int8).integers() == std::vector<int64_t>{-128, -1, 0, 27});
}

TEST_CASE("integers are narrowed by saturation and shifted before they are read") {
  Constant wide = Constant::from(std::vector<int32_t>{-1000, -128, 0, 127, 1000}, {5});
  CHECK(wide.converted(ElementType::int8).integers() == std::vector<int64_t>{-128, -128, 0, 127, 127});
  Constant weights = Constant::from(std::vector<int8_t>{-128, -1, 0, 127}, {4});
  CHECK(weights.shifted(128, ElementType::quint8).integers() == std::vector<int64_t>{0, 127, 128, 255});
  CHECK(weights.shifted(128, ElementType::quint8).permuted({0}).reshaped({2, 2}).integers() ==
        std::vector<int64_t>{0, 127, 128, 255});
}

TEST_CASE("half precision is read exactly") {
  std::vector<int32_t> bits{0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555};
  std::vector<float> values{0.0f, 1.0f, -2.0f, 65504.0f, 5.9604644775390625e-8f, 6.103515625e-5f, 0.333251953125f};
  auto stored = std::make_shared<std::vector<uint16_t>>(bits.begin(), bits.end());
  Constant half(stored, stored->data(), ElementType::float16, {7}, {1});
  CHECK(half.floats() == values);
}

TEST_CASE("half precision is scaled as the float32 it is read as, without a copy") {
  auto stored = std::make_shared<std::vector<uint16_t>>(std::vector<uint16_t>{0x3c00, 0xc000});
  const Constant half(stored, stored->data(), ElementType::float16, {2}, {1});
  const Constant scaled = half.converted(ElementType::float32).scaled(0, {1e6f, 0.1f});
  CHECK(scaled.data() == half.data());
  CHECK(scaled.floats() == std::vector<float>{1e6f, -0.2f});
}

TEST_CASE("numbers become half precision, and back, through other steps") {
  const Constant halves = Constant::from(std::vector<float>{1.0f, 0.1f, 70000.0f, -3.0f}, {2, 2})
                              .converted(ElementType::float16)
                              .permuted({1, 0});
  std::vector<uint16_t> bits(4);
  halves.copy_to(bits.data());
  CHECK(bits == std::vector<uint16_t>{0x3c00, 0x7c00, 0x2e66, 0xc200});
  CHECK(halves.converted(ElementType::float32).floats()[2] == 0.0999755859375f);
  CHECK(Constant::list({2, -5}).converted(ElementType::float16).floats() == std::vector<float>{2, -5});
}

TEST_CASE("a constant knows whether it is uniform") {
  CHECK(Constant::filled(3, {2, 3}).is_uniform());
  CHECK(Constant::from(std::vector<float>{1, 1}, {2}).is_uniform());
  CHECK_FALSE(Constant::from(std::vector<float>{1, 2}, {2}).is_uniform());
  CHECK_FALSE(Constant::filled(3, {2, 2}).scaled(1, {1, 2}).is_uniform());
}

TEST_CASE("what only a bug can ask for is an internal error") {
  Constant constant = Constant::filled(1, {2, 3});
  CHECK_THROWS_AS(constant.reshaped({7}), InternalError);
  CHECK_THROWS_AS(constant.sliced(2, 0, 1), InternalError);
  CHECK_THROWS_AS(constant.sliced(1, 2, 2), InternalError);
  CHECK_THROWS_AS(constant.broadcast_to({4, 3}), InternalError);
}

}  // namespace passerelle::graph
