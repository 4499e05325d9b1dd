#include "weights.h"

#include <cmath>
#include <random>

#include "catch.h"

using namespace passerelle;
using namespace passerelle::calibration;
using graph::Constant;

namespace {

std::vector<float> random_weights(size_t count, float size) {
  std::mt19937 random(3);
  std::normal_distribution<float> distribution(0, size);
  std::vector<float> result(count);
  for (float& each : result) each = distribution(random);
  return result;
}

double squared_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

}  // namespace

TEST_CASE("weights that were integers come out exactly") {
  std::vector<float> values;
  const float scale = 0.0123f;
  for (int i = 0; i < 4 * 27; ++i) values.push_back(scale * static_cast<float>((i * 37) % 91 - 45));
  const Constant weights = Constant::from(values, {4, 3, 3, 3});
  for (bool per_channel : {false, true}) {
    const IntegerWeights made = integer_weights(weights, 0, per_channel, false, std::vector<float>(4));
    for (size_t i = 0; i < values.size(); ++i) CHECK(made.rounded[i] == Catch::Approx(values[i]).margin(1e-6));
  }
}

TEST_CASE("a scale a channel, or one for all") {
  std::vector<float> values = random_weights(3 * 50, 1);
  for (size_t i = 0; i < 50; ++i) values[i] *= 100;
  const Constant weights = Constant::from(values, {3, 5, 5, 2});
  const IntegerWeights many = integer_weights(weights, 0, true, false, std::vector<float>(3));
  CHECK(many.quantization.channel_scales.size() == 3);
  CHECK(many.quantization.channel_dimension == 0);
  CHECK(many.quantization.scale == 0);
  CHECK(many.integers.type() == graph::ElementType::qint8);
  CHECK(many.quantization.channel_scales[0] > 20 * many.quantization.channel_scales[1]);

  const IntegerWeights one = integer_weights(weights, 0, false, false, std::vector<float>(3));
  CHECK(one.quantization.channel_scales.empty());
  CHECK(one.quantization.zero_point == 128);
  CHECK(one.integers.type() == graph::ElementType::quint8);
  CHECK(squared_difference(many.rounded, values) < squared_difference(one.rounded, values));

  const IntegerWeights with_sign = integer_weights(weights, 0, false, true, std::vector<float>(3));
  CHECK(with_sign.quantization.zero_point == 0);
  CHECK(with_sign.integers.type() == graph::ElementType::qint8);
  CHECK(with_sign.rounded == one.rounded);
}

TEST_CASE("the channels of a depthwise filter are its last dimension") {
  std::vector<float> values(9 * 4);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(std::pow(10, i % 4));
  const IntegerWeights made =
      integer_weights(Constant::from(values, {1, 3, 3, 4}), 3, true, false, std::vector<float>(4));
  REQUIRE(made.quantization.channel_scales.size() == 4);
  for (size_t i = 0; i < values.size(); ++i) CHECK(made.rounded[i] == Catch::Approx(values[i]));
}

TEST_CASE("rounding is no worse than at the scale of the largest weight") {
  const std::vector<float> values = random_weights(4000, 0.2f);
  float largest = 0;
  for (float each : values) largest = std::max(largest, std::abs(each));
  double plain = 0;
  for (float each : values) {
    const double scale = double{largest} / 127, given = std::nearbyint(each / scale) * scale;
    plain += (each - given) * (each - given);
  }
  const IntegerWeights made =
      integer_weights(Constant::from(values, {1, 4000}), 0, false, false, std::vector<float>(1));
  CHECK(squared_difference(made.rounded, values) < plain);
}

TEST_CASE("a bias fits into 32 bits, however small the weights are") {
  const std::vector<double> bias{0, 3, -2e5, 1e-9};
  const float input_scale = 0.02f;
  const std::vector<float> least = least_scales(bias, input_scale);
  const std::vector<float> weights{1e-20f, 1e-20f, 0, 0};
  const IntegerWeights made = integer_weights(Constant::from(weights, {4, 1}), 0, true, false, least);
  const std::vector<int32_t> integers = integer_bias(bias, input_scale, made.quantization);
  for (size_t i = 0; i < bias.size(); ++i) {
    CHECK(std::abs(static_cast<double>(integers[i])) < double{1 << 30});
    const double given = static_cast<double>(integers[i]) * input_scale * made.quantization.channel_scales[i];
    CHECK(given == Catch::Approx(bias[i]).margin(1e-6));
  }
}
