// Differences between outputs: what passes, and what is said of it.
#include "passerelle/verify/comparison.h"
#include "catch.h"

#include <cmath>
#include <limits>

using namespace passerelle;
using graph::ElementType;
using graph::HostTensor;
using verify::compare;
using verify::Comparison;
using verify::Limits;

namespace {

const float infinity = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

template <typename T>
HostTensor tensor(ElementType type, graph::Shape shape, std::vector<T> values) {
  HostTensor result;
  result.type = type;
  result.shape = std::move(shape);
  const auto* begin = reinterpret_cast<const unsigned char*>(values.data());
  result.bytes.assign(begin, begin + values.size() * sizeof(T));
  return result;
}
HostTensor floats(std::vector<float> values) {
  return tensor(ElementType::float32, {static_cast<uint32_t>(values.size())}, values);
}

Comparison compared(std::vector<float> reference, std::vector<float> actual, Limits limits = {}) {
  return compare(floats(std::move(reference)), floats(std::move(actual)), limits);
}

}  // namespace

TEST_CASE("a float output is measured by the reference's range") {
  Comparison comparison = compared({-2, 0, 6}, {-2, 0.5f, 6.25f});
  CHECK(comparison.max_difference == 0.5);
  CHECK(comparison.worst_element == 1);
  CHECK(comparison.reference_value == 0);
  CHECK(comparison.actual_value == 0.5);
  CHECK(comparison.reference_min == -2);
  CHECK(comparison.reference_max == 6);
  CHECK(comparison.range == 8);
  CHECK(comparison.relative_difference() == 0.0625);
  CHECK(comparison.limit == Catch::Approx(8e-4));
  CHECK_FALSE(comparison.passed);
}

TEST_CASE("a signal-to-noise ratio that is enough lets single elements differ") {
  Limits limits;
  limits.signal_to_noise = 20;
  Comparison near = compared({3, 4, 0}, {3, 4, 0.5f}, limits);
  CHECK(near.signal_to_noise == Catch::Approx(20));
  CHECK(near.passed);
  CHECK(near.by_ratio);
  CHECK_FALSE(compared({3, 4, 0}, {3, 4, 0}, limits).by_ratio);
  CHECK_FALSE(compared({3, 4, 0}, {3, 4, 0.6f}, limits).passed);
  CHECK_FALSE(compared({3, 4, 0}, {3, 4, not_a_number}, limits).passed);
  CHECK(compared({3, 4}, {3, 4}).signal_to_noise == std::numeric_limits<double>::infinity());
}

TEST_CASE("integers that stand for numbers are measured from their zero point") {
  HostTensor reference = tensor<uint8_t>(ElementType::quint8, {2}, {110, 100});
  reference.quantization = {0.5f, 100, {}, 0};
  HostTensor actual = reference;
  actual.bytes[1] = 101;
  CHECK(compare(reference, actual, {}).signal_to_noise == Catch::Approx(20));
  actual.bytes[1] = 103;
  CHECK_FALSE(compare(reference, actual, {}).passed);
  Limits limits;
  limits.signal_to_noise = 10;
  CHECK(compare(reference, actual, limits).passed);
}

TEST_CASE("limits: at most, and both added") {
  Limits limits;
  limits.relative = 0.0625;
  CHECK(compared({-2, 0, 6}, {-2, 0.5f, 6}, limits).passed);
  limits.relative = 0.0624;
  CHECK_FALSE(compared({-2, 0, 6}, {-2, 0.5f, 6}, limits).passed);
  limits.absolute = 0.001;
  CHECK(compared({-2, 0, 6}, {-2, 0.5f, 6}, limits).passed);
}

TEST_CASE("where all values are equal their magnitude stands for the range") {
  CHECK(compared({-4, -4}, {-4, -4}).range == 4);
  CHECK(compared({-4, -4}, {-4, -4}).passed);
  CHECK(compared({-4, -4}, {-4, -4.0003f}).passed);
  CHECK_FALSE(compared({-4, -4}, {-4, -4.001f}).passed);
  CHECK(compared({0, 0}, {0, 0}).passed);
  Comparison off_zero = compared({0, 0}, {0, 1e-9f});
  CHECK_FALSE(off_zero.passed);
  CHECK(std::isinf(off_zero.relative_difference()));
}

TEST_CASE("what is not finite must be the same") {
  CHECK(compared({not_a_number, infinity, -infinity, 1}, {not_a_number, infinity, -infinity, 1}).passed);
  CHECK(compared({not_a_number, infinity, 1, 3}, {not_a_number, infinity, 1, 3}).range == 2);
  for (auto [reference, actual] : {std::pair<float, float>{1.0f, not_a_number},
                                   {not_a_number, 1.0f},
                                   {1.0f, infinity},
                                   {infinity, -infinity},
                                   {infinity, not_a_number},
                                   {infinity, 1.0f}}) {
    Comparison comparison = compared({0, reference}, {0, actual});
    CHECK_FALSE(comparison.passed);
    CHECK(comparison.worst_element == 1);
    CHECK(std::isinf(comparison.max_difference));
  }
  CHECK(compared({not_a_number, 0}, {not_a_number, 0}).passed);
}

TEST_CASE("integers and bools must be equal unless a limit is given") {
  auto integers = [](std::vector<int64_t> values) { return tensor(ElementType::int64, {2}, values); };
  CHECK(compare(integers({1, -5}), integers({1, -5}), {}).passed);
  CHECK_FALSE(compare(integers({1, 1000000}), integers({1, 1000001}), {}).passed);
  Limits limits;
  limits.absolute = 1;
  CHECK(compare(integers({1, 1000000}), integers({1, 1000001}), limits).passed);
  auto bools = [](std::vector<uint8_t> values) { return tensor(ElementType::bool8, {2}, values); };
  CHECK(compare(bools({0, 1}), bools({0, 1}), {}).passed);
  CHECK_FALSE(compare(bools({0, 1}), bools({1, 1}), {}).passed);
}

TEST_CASE("quantized outputs are compared in steps") {
  auto quantized = [](std::vector<uint8_t> values) { return tensor(ElementType::quint8, {2}, values); };
  CHECK(compare(quantized({7, 200}), quantized({8, 199}), {}).passed);
  Comparison comparison = compare(quantized({7, 200}), quantized({7, 202}), {});
  CHECK_FALSE(comparison.passed);
  CHECK(comparison.max_difference == 2);
  CHECK(comparison.limit == 1);
  Limits limits;
  limits.steps = 2;
  CHECK(compare(quantized({7, 200}), quantized({7, 202}), limits).passed);
  auto signed_ones = [](std::vector<int8_t> values) { return tensor(ElementType::qint8, {2}, values); };
  CHECK(compare(signed_ones({-128, 127}), signed_ones({127, -128}), {}).max_difference == 255);
}

TEST_CASE("float64 and float16 outputs") {
  CHECK_FALSE(compare(tensor<double>(ElementType::float64, {2}, {0, 1}),
                      tensor<double>(ElementType::float64, {2}, {0, 1.001}), {})
                  .passed);
  // 0x3c00 is 1.0, 0x4000 is 2.0, 0x3c01 the next float16 after 1.
  auto halves = [](std::vector<uint16_t> values) { return tensor(ElementType::float16, {2}, values); };
  Comparison comparison = compare(halves({0x3c00, 0x4000}), halves({0x3c01, 0x4000}), {});
  CHECK(comparison.max_difference == 0x1p-10);
  CHECK(comparison.range == 1);
}

TEST_CASE("arg-max runs along dimension 1, of rank 1 along dimension 0") {
  CHECK(compared({1, 3, 2}, {1, 2.9f, 2}).arg_max->agreeing == 1);
  CHECK(compared({1, 3, 2}, {1, 3, 4}).arg_max->agreeing == 0);

  auto rows = [](std::vector<float> values) { return tensor(ElementType::float32, {2, 3}, values); };
  Comparison comparison = compare(rows({1, 2, 3, 6, 5, 4}), rows({1, 2, 3, 4, 5, 6}), {});
  CHECK(comparison.arg_max->dimension == 1);
  CHECK(comparison.arg_max->positions == 2);
  CHECK(comparison.arg_max->agreeing == 1);

  // 1x2x1x3: for each of three pixels the larger of two channels.
  auto picture = [](std::vector<float> values) { return tensor(ElementType::float32, {1, 2, 1, 3}, values); };
  comparison = compare(picture({1, 2, 3, 3, 2.5f, 1}), picture({1, 2.6f, 3, 3, 2.5f, 1}), {});
  CHECK(comparison.arg_max->positions == 3);
  CHECK(comparison.arg_max->agreeing == 2);

  CHECK_FALSE(
      compare(tensor<float>(ElementType::float32, {}, {1}), tensor<float>(ElementType::float32, {}, {1}), {}).arg_max);
  CHECK_FALSE(compare(tensor<float>(ElementType::float32, {2, 1, 1, 1}, {1, 2}),
                      tensor<float>(ElementType::float32, {2, 1, 1, 1}, {1, 2}), {})
                  .arg_max);
}

TEST_CASE("where the arg-max must agree, no ratio makes up for another class") {
  Limits limits;
  limits.signal_to_noise = 10;
  CHECK(compared({1, 3, 2.9f}, {1, 2.9f, 3}, limits).passed);
  limits.arg_max = true;
  CHECK(compared({1, 3, 2.9f}, {1, 3.1f, 2.8f}, limits).passed);
  const Comparison other = compared({1, 3, 2.9f}, {1, 2.9f, 3}, limits);
  CHECK(other.arg_max->required);
  CHECK(other.arg_max->ties == 0);
  CHECK_FALSE(other.passed);
}

TEST_CASE("scores that are one step apart are a tie") {
  Limits limits;
  limits.signal_to_noise = 10;
  limits.arg_max = true;
  const auto scores = [&](std::vector<float> actual, double step) {
    return compare(floats({1, 3, 2.9f}), floats(std::move(actual)), limits, step);
  };
  const Comparison tie = scores({1, 2.9f, 3}, 0.1);
  CHECK(tie.arg_max->agreeing == 0);
  CHECK(tie.arg_max->ties == 1);
  CHECK(tie.passed);
  CHECK_FALSE(scores({1, 2.9f, 3}, 0.09).passed);
  // The two that are the largest here and there must be near, not any two.
  CHECK_FALSE(scores({3.1f, 3, 2.9f}, 0.1).passed);

  HostTensor reference = tensor<uint8_t>(ElementType::quint8, {1, 3}, {1, 200, 199});
  reference.quantization = {0.5f, 0, {}, 0};
  HostTensor actual = reference;
  actual.bytes = {1, 199, 200};
  CHECK(compare(reference, actual, limits).arg_max->ties == 1);
  reference.bytes = {1, 200, 198};
  CHECK_FALSE(compare(reference, actual, limits).passed);
}

TEST_CASE("what is no row of scores may have its largest elsewhere") {
  Limits limits;
  limits.signal_to_noise = 10;
  limits.arg_max = true;
  const auto passes = [&](graph::Shape shape) {
    const Comparison comparison = compare(tensor<float>(ElementType::float32, shape, {3, 2.9f, 3, 2.9f}),
                                          tensor<float>(ElementType::float32, shape, {2.9f, 3, 2.9f, 3}), limits);
    return comparison.passed;
  };
  CHECK(passes({1, 1, 2, 2}));
  CHECK(passes({1, 2, 1, 2}));
  CHECK(passes({4, 1}));
  CHECK_FALSE(passes({2, 2}));
  CHECK_FALSE(passes({2, 2, 1, 1}));
  CHECK_FALSE(passes({4}));
}

TEST_CASE("a reference without one finite number proves nothing") {
  const float infinite = std::numeric_limits<float>::infinity();
  const Comparison none = compared({not_a_number, infinite}, {not_a_number, infinite});
  CHECK(none.max_difference == 0);
  CHECK(none.not_finite == 2);
  CHECK_FALSE(none.passed);
  const Comparison some = compared({not_a_number, 1}, {not_a_number, 1});
  CHECK(some.not_finite == 1);
  CHECK(some.passed);
}

TEST_CASE("an empty output passes") {
  HostTensor empty = tensor<float>(ElementType::float32, {0, 3}, {});
  CHECK(compare(empty, empty, {}).passed);
  CHECK_FALSE(compare(empty, empty, {}).arg_max);
}
