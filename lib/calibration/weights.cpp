#include "weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace passerelle::calibration {
namespace {

constexpr int most = 127;

/// The integers that a weight may be: an asymmetric type has one more below zero than above, and a model that was
/// quantized once may use it.
struct Ends {
  float lowest, highest;
};
constexpr Ends symmetric = {-127, 127}, asymmetric = {-128, 127};

/// Ties to even, for numbers under 2^22; in a form that compilers vectorise.
float rounded_to_even(float value) {
  constexpr float magic = 12582912.0f;
  return (value + magic) - magic;
}

/// Squared differences, up to the first sum over `limit`.
double squares(const std::vector<float>& weights, float scale, const Ends& ends, double limit) {
  constexpr size_t block = 1024;
  const float inverse = 1 / scale;
  double sum = 0;
  for (size_t first = 0; first < weights.size() && sum < limit; first += block) {
    float part = 0;
    for (size_t i = first; i < std::min(weights.size(), first + block); ++i) {
      const float steps = std::max(ends.lowest, std::min(ends.highest, rounded_to_even(weights[i] * inverse)));
      const float difference = weights[i] - steps * scale;
      part += difference * difference;
    }
    sum += part;
  }
  return sum;
}

/// The scale at which the largest weight is `k` steps, k below and above 127: below, weights that were integers are
/// met exactly, above, the largest ones are cut off.
float best_scale(const std::vector<float>& weights, const Ends& ends, float finest) {
  float largest = 0;
  for (float weight : weights) largest = std::max(largest, std::abs(weight));
  // A product with the input's scale has to be a number still.
  constexpr float almost_none = 1e-30f;
  if (largest <= std::max(finest / 2, almost_none)) return finest > almost_none ? finest : 1;
  float best = largest / most;
  double least = squares(weights, best, ends, std::numeric_limits<double>::infinity());
  const auto attempt = [&](int k) {
    const float scale = largest / static_cast<float>(k);
    const double here = squares(weights, scale, ends, least);
    if (here >= least) return;
    least = here;
    best = scale;
  };
  constexpr int lowest = 64, highest = 230, stride = 4;
  for (int k = most - 1; k >= lowest; --k) attempt(k);
  attempt(most + 1);
  for (int k = most + stride; k <= highest; k += stride) attempt(k);
  return std::max(best, finest);
}

/// Row-major: `outer` times `channels` times `inner`.
struct Arrangement {
  size_t outer = 1, channels = 1, inner = 1;
};

Arrangement arrangement_of(const graph::Shape& shape, uint32_t channel_dimension) {
  Arrangement result;
  for (size_t i = 0; i < shape.size(); ++i)
    (i < channel_dimension ? result.outer : i == channel_dimension ? result.channels : result.inner) *= shape[i];
  return result;
}

std::vector<float> of_channel(const std::vector<float>& values, const Arrangement& at, size_t channel) {
  std::vector<float> result;
  for (size_t outer = 0; outer < at.outer; ++outer) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>((outer * at.channels + channel) * at.inner);
    result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(at.inner));
  }
  return result;
}

}  // namespace

IntegerWeights integer_weights(const graph::Constant& weights, uint32_t channel_dimension, bool per_channel,
                               bool is_signed, const std::vector<float>& least_scale) {
  const std::vector<float> values = weights.floats();
  const Arrangement at = arrangement_of(weights.shape(), channel_dimension);
  const Ends& ends = per_channel ? symmetric : asymmetric;
  std::vector<float> scales;
  if (per_channel)
    for (size_t channel = 0; channel < at.channels; ++channel)
      scales.push_back(best_scale(of_channel(values, at, channel), ends, least_scale[channel]));
  else
    scales.push_back(best_scale(values, ends, *std::max_element(least_scale.begin(), least_scale.end())));
  std::vector<int32_t> integers(values.size());
  std::vector<float> rounded(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = scales[per_channel ? i / at.inner % at.channels : 0];
    const double steps =
        std::clamp(std::nearbyint(double{values[i]} / scale), double{ends.lowest}, double{ends.highest});
    integers[i] = static_cast<int32_t>(steps);
    rounded[i] = static_cast<float>(integers[i]) * scale;
  }
  graph::Quantization quantization;
  if (per_channel) {
    quantization.channel_scales = scales;
    quantization.channel_dimension = channel_dimension;
  } else {
    quantization.scale = scales.front();
    quantization.zero_point = is_signed ? 0 : 128;
  }
  const bool is_unsigned = !per_channel && !is_signed;
  const auto type = is_unsigned ? graph::ElementType::quint8 : graph::ElementType::qint8;
  return {graph::Constant::from(std::move(integers), weights.shape()).shifted(is_unsigned ? 128 : 0, type),
          std::move(quantization), std::move(rounded)};
}

std::vector<float> least_scales(const std::vector<double>& bias, float input_scale) {
  constexpr double most_steps = 1 << 29;
  std::vector<float> result;
  for (double each : bias) result.push_back(static_cast<float>(std::abs(each) / input_scale / most_steps));
  return result;
}

std::vector<int32_t> integer_bias(const std::vector<double>& bias, float input_scale,
                                  const graph::Quantization& weights) {
  std::vector<int32_t> result;
  for (size_t i = 0; i < bias.size(); ++i) {
    const float scale = input_scale * (weights.channel_scales.empty() ? weights.scale : weights.channel_scales[i]);
    constexpr double lowest = std::numeric_limits<int32_t>::min(), highest = std::numeric_limits<int32_t>::max();
    result.push_back(static_cast<int32_t>(std::clamp(std::nearbyint(bias[i] / scale), lowest, highest)));
  }
  return result;
}

}  // namespace passerelle::calibration
