// Activations, SOFTMAX and L2_NORMALIZATION of quantized tensors.
#include <algorithm>
#include <cmath>

#include "quantized.h"

namespace passerelle::hostnn {
namespace {

/// Clamps the input's own integers.
Tensors clamped(const Call& call, int64_t activation) {
  const Limits limits = output_limits(call, activation);
  return {at::clamp(call.tensor(0), limits.lowest, limits.highest)};
}

Tensors relu(const Call& call) { return clamped(call, ANEURALNETWORKS_FUSED_RELU); }
Tensors relu1(const Call& call) { return clamped(call, ANEURALNETWORKS_FUSED_RELU1); }
Tensors relu6(const Call& call) { return clamped(call, ANEURALNETWORKS_FUSED_RELU6); }

/// The factor from an input's steps to fixed-point numbers with `integer_bits`.
Multiplier to_fixed_point(double scale, int integer_bits) {
  const double factor = scale * static_cast<double>(int64_t{1} << (31 - integer_bits));
  require(factor > 1, "the input's scale is too small");
  return multiplier_of(std::min(factor, static_cast<double>(INT32_MAX)));
}

/// The most steps that stay within such numbers.
int32_t radius(Multiplier factor, int integer_bits) {
  const double most = ((1 << integer_bits) - 1) * static_cast<double>(int64_t{1} << (31 - integer_bits));
  return static_cast<int32_t>(std::floor(most / static_cast<double>(int64_t{1} << factor.exponent)));
}

/// A function into (-1, 1) that has reached its limits beyond ±16. `bits` of its result's fraction are kept.
Tensors sigmoidal(const Call& call, int32_t (*function)(int32_t, int), int bits) {
  constexpr int integer_bits = 4;
  const Quantization from = call.quantization(0);
  const int32_t zero_point = call.output_quantization().zero_point;
  const Limits limits = output_limits(call);
  const Multiplier factor = to_fixed_point(from.scale, integer_bits);
  const int32_t most = radius(factor, integer_bits);
  return {mapped_to_output(call, call.tensor(0), [&](int32_t value) {
    const int32_t steps = value - from.zero_point;
    if (steps <= -most) return limits.lowest;
    if (steps >= most) return limits.highest;
    return divide_by_power(function(multiply(steps, factor), integer_bits), 31 - bits) + zero_point;
  })};
}

Tensors logistic(const Call& call) { return sigmoidal(call, fixed_logistic, 8); }
Tensors tanh(const Call& call) { return sigmoidal(call, fixed_tanh, 7); }

// --- HARD_SWISH, which Android computes in 16 bits

int16_t saturated_16_bits(int32_t value) {
  return static_cast<int16_t>(std::clamp<int32_t>(value, INT16_MIN, INT16_MAX));
}

/// 2·a·b / 2^16 without its fraction.
int16_t truncated_high_product(int16_t a, int16_t b) {
  if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
  return static_cast<int16_t>(int32_t{a} * b / (1 << 15));
}

struct ShortMultiplier {
  int16_t mantissa = 0;
  int exponent = 0;
};

ShortMultiplier short_multiplier_of(float factor) {
  const Multiplier full = multiplier_of(factor);
  const int64_t mantissa = (int64_t{full.mantissa} + (1 << 15)) >> 16;
  return {static_cast<int16_t>(std::min<int64_t>(mantissa, INT16_MAX)), full.exponent};
}

/// x · relu6(x + 3) / 6, of x with 7 bits more than the input has. The second factor, between 0 and 1, is found by
/// saturating x / 3.
int32_t hard_swish_of(int16_t fine, ShortMultiplier to_output, ShortMultiplier to_thirds) {
  int16_t thirds = fine;
  if (to_thirds.exponent > 0) thirds = saturated_16_bits(shifted_left(thirds, to_thirds.exponent - 1));
  thirds = high_product(thirds, to_thirds.mantissa);
  if (to_thirds.exponent > 0) thirds = saturated_16_bits(2 * thirds);
  if (to_thirds.exponent < 0) thirds = static_cast<int16_t>(divide_by_power(thirds, -to_thirds.exponent));
  const auto share = static_cast<int16_t>((int32_t{thirds} + (1 << 15)) >> 1);
  const int16_t product = truncated_high_product(share, high_product(fine, to_output.mantissa));
  return divide_by_power(product, -to_output.exponent);
}

Tensors hard_swish(const Call& call) {
  const Quantization from = call.quantization(0);
  const Quantization to = call.output_quantization();
  const float fine_scale = (1.0f / 128.0f) * from.scale;
  const ShortMultiplier to_output = short_multiplier_of(fine_scale / to.scale);
  const ShortMultiplier to_thirds = short_multiplier_of(fine_scale / (3.0f / 32768.0f));
  require(to_output.exponent <= 0, "the output's scale is too small for the input's");
  return {mapped_to_output(call, call.tensor(0), [&](int32_t value) {
    const auto fine = static_cast<int16_t>((value - from.zero_point) * 128);
    return hard_swish_of(fine, to_output, to_thirds) + to.zero_point;
  })};
}

// --- Along one axis

/// Visits each line of a tensor along the axis: its first element, and the distance between elements.
template <typename Visit>
void for_each_line(const Tensor& contiguous, int64_t axis, Visit&& visit) {
  const int64_t step = contiguous.stride(axis);
  const int64_t block = step * contiguous.size(axis);
  for (int64_t outer = 0; outer < contiguous.numel(); outer += block)
    for (int64_t inner = 0; inner < step; ++inner) visit(outer + inner, step);
}

/// exp of each distance below the greatest value, as fixed point without integer bits; 0 where that is beyond reach.
struct Exponentials {
  explicit Exponentials(double scale) {
    constexpr int integer_bits = 5;
    const Multiplier factor = to_fixed_point(scale, integer_bits);
    const int32_t most = radius(factor, integer_bits);
    for (int32_t distance = 0; distance < 256; ++distance)
      if (distance <= most) of[distance] = fixed_exp(multiply(-distance, factor), integer_bits);
  }
  int32_t of[256] = {};
};

constexpr int sum_bits = 12;  // integer bits of a sum of exponentials

int32_t softmax_of(int32_t exponential, int32_t sum) {
  int headroom = 0;
  for (auto bits = static_cast<uint32_t>(sum); (bits & (uint32_t{1} << 31)) == 0; bits <<= 1) ++headroom;
  const uint32_t above_one = (static_cast<uint32_t>(sum) << headroom) - (uint32_t{1} << 31);
  const int32_t inverse = fixed_inverse_of_one_plus(static_cast<int32_t>(above_one));
  return divide_by_power(high_product(inverse, exponential), sum_bits - headroom + 31 - 8);
}

Tensors softmax(const Call& call) {
  const Tensor values = call.tensor(0).to(at::kInt).contiguous();
  const double beta = call.real(1);
  require(beta > 0, "beta is not positive");
  const int64_t axis = checked_axis(call.integer_or(2, -1), values.dim());
  const Exponentials exponentials(beta * call.quantization(0).scale);
  const Limits limits = output_limits(call);
  Tensor result = empty_output(call, values.sizes());
  const int32_t* data = values.data_ptr<int32_t>();
  uint8_t* bytes = bytes_of(result);
  const int64_t size = values.size(axis);
  for_each_line(values, axis, [&](int64_t first, int64_t step) {
    int32_t greatest = limits.lowest;
    for (int64_t i = 0; i < size; ++i) greatest = std::max(greatest, data[first + i * step]);
    int32_t sum = 0;
    for (int64_t i = 0; i < size; ++i)
      sum += divide_by_power(exponentials.of[greatest - data[first + i * step]], sum_bits);
    for (int64_t i = 0; i < size; ++i) {
      const int32_t exponential = exponentials.of[greatest - data[first + i * step]];
      const int32_t integer = limits.lowest + (exponential == 0 ? 0 : softmax_of(exponential, sum));
      bytes[first + i * step] = static_cast<uint8_t>(std::clamp(integer, limits.lowest, limits.highest));
    }
  });
  return {result};
}

/// The output counts in 1/128.
Tensors l2_normalization(const Call& call) {
  const Tensor values = centred(call, 0).contiguous();
  require(values.dim() <= 4, "a tensor of rank over 4");
  const int64_t axis = checked_axis(call.integer_or(1, -1), values.dim());
  const Limits limits = output_limits(call);
  const int32_t zero_point = call.output_type(0) == OperandType::TENSOR_QUANT8_ASYMM ? 128 : 0;
  Tensor result = empty_output(call, values.sizes());
  const int32_t* data = values.data_ptr<int32_t>();
  uint8_t* bytes = bytes_of(result);
  const int64_t size = values.size(axis);
  for_each_line(values, axis, [&](int64_t first, int64_t step) {
    int32_t sum = 0;
    for (int64_t i = 0; i < size; ++i) sum += data[first + i * step] * data[first + i * step];
    const Multiplier factor = inverse_square_root(sum);
    for (int64_t i = 0; i < size; ++i) {
      const int32_t integer = multiply(128 * data[first + i * step], factor) + zero_point;
      bytes[first + i * step] = static_cast<uint8_t>(std::clamp(integer, limits.lowest, limits.highest));
    }
  });
  return {result};
}

constexpr Row rows[] = {
    {OperationType::HARD_SWISH, hard_swish, quant8 | zero_sized},
    {OperationType::L2_NORMALIZATION, l2_normalization, quant8},
    {OperationType::LOGISTIC, logistic, quant8 | zero_sized},
    {OperationType::RELU, relu, quant8 | zero_sized},
    {OperationType::RELU1, relu1, quant8 | zero_sized},
    {OperationType::RELU6, relu6, quant8 | zero_sized},
    {OperationType::SOFTMAX, softmax, quant8 | zero_sized},
    {OperationType::TANH, tanh, quant8 | zero_sized},
};

}  // namespace

Span<const Row> quantized_activation_rows() { return rows; }

}  // namespace passerelle::hostnn
