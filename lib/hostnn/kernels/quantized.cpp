#include "quantized.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace passerelle::hostnn {
namespace {

bool is_signed(OperandType type) { return type != OperandType::TENSOR_QUANT8_ASYMM; }

Limits type_limits(OperandType type) {
  if (type == OperandType::TENSOR_QUANT16_SYMM) return {INT16_MIN, INT16_MAX};
  if (type == OperandType::TENSOR_QUANT16_ASYMM) return {0, UINT16_MAX};
  return is_signed(type) ? Limits{INT8_MIN, INT8_MAX} : Limits{0, UINT8_MAX};
}

at::ScalarType storage(OperandType type) {
  if (type == OperandType::TENSOR_QUANT16_SYMM) return at::kShort;
  if (type == OperandType::TENSOR_QUANT16_ASYMM) return at::kInt;
  return is_signed(type) ? at::kChar : at::kByte;
}

int32_t saturated(int64_t value, Limits limits) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, limits.lowest, limits.highest));
}

/// One result for each of the 256 values of a byte, found by its bits.
template <typename T>
std::array<T, 256> tabulated(bool is_signed, const IntegerFunction& function) {
  std::array<T, 256> table;
  for (int bits = 0; bits < 256; ++bits)
    table[bits] = static_cast<T>(function(is_signed ? static_cast<int8_t>(bits) : bits));
  return table;
}

template <typename T>
void look_up(const Tensor& values, const std::array<T, 256>& table, T* result) {
  const Tensor contiguous = values.contiguous();
  const uint8_t* bytes = bytes_of(contiguous);
  for (int64_t i = 0; i < contiguous.numel(); ++i) result[i] = table[bytes[i]];
}

}  // namespace

uint8_t* bytes_of(const Tensor& values) { return static_cast<uint8_t*>(values.data_ptr()); }

Limits output_limits(const Call& call, int64_t activation) {
  const Quantization output = call.output_quantization();
  Limits limits = type_limits(call.output_type(0));
  const auto integer = [&](float value) {
    return output.zero_point + static_cast<int32_t>(std::round(value / output.scale));
  };
  const auto narrow = [&](float lowest, float highest) {
    limits = {std::max(limits.lowest, integer(lowest)), std::min(limits.highest, integer(highest))};
  };
  switch (activation) {
    case ANEURALNETWORKS_FUSED_NONE: return limits;
    case ANEURALNETWORKS_FUSED_RELU: limits.lowest = std::max(limits.lowest, integer(0)); return limits;
    case ANEURALNETWORKS_FUSED_RELU1: narrow(-1, 1); return limits;
    case ANEURALNETWORKS_FUSED_RELU6: narrow(0, 6); return limits;
  }
  refuse("there is no fused activation " + std::to_string(activation));
}

Tensor centred(const Call& call, size_t input) {
  return call.tensor(input).to(at::kInt).sub_(call.quantization(input).zero_point);
}

Tensor dequantized(const Tensor& tensor, const Quantization& quantization) {
  const Tensor integers = tensor.to(at::kInt).sub_(quantization.zero_point).to(at::kFloat);
  if (quantization.channel_scales.empty()) return integers * quantization.scale;
  std::vector<int64_t> shape(integers.dim(), 1);
  shape[quantization.channel_dimension] = static_cast<int64_t>(quantization.channel_scales.size());
  const std::vector<float> scales(quantization.channel_scales.begin(), quantization.channel_scales.end());
  return integers * at::tensor(scales).reshape(shape);
}

Tensor dequantized(const Call& call, size_t input) { return dequantized(call.tensor(input), call.quantization(input)); }

Tensor quantized(const Tensor& values, OperandType type, const Quantization& quantization, Rounding rounding) {
  const Limits limits = type_limits(type);
  const Tensor contiguous = values.contiguous();
  const float* data = contiguous.data_ptr<float>();
  Tensor result = at::empty(values.sizes(), at::kInt);
  int32_t* integers = result.data_ptr<int32_t>();
  const auto lowest = static_cast<float>(limits.lowest);
  const auto highest = static_cast<float>(limits.highest);
  const auto zero_point = static_cast<float>(quantization.zero_point);
  for (int64_t i = 0; i < contiguous.numel(); ++i) {
    const float steps = data[i] / quantization.scale;
    const float integer =
        rounding == Rounding::before_zero_point ? zero_point + std::round(steps) : std::round(steps + zero_point);
    // A NaN becomes the lowest, as where Android compares.
    integers[i] = static_cast<int32_t>(integer > lowest ? std::min(integer, highest) : lowest);
  }
  return result.to(storage(type));
}

Tensor mapped(const Tensor& values, const IntegerFunction& function) {
  Tensor result = at::empty(values.sizes(), at::kInt);
  look_up(values, tabulated<int32_t>(values.scalar_type() == at::kChar, function), result.data_ptr<int32_t>());
  return result;
}

Tensor mapped_to_output(const Call& call, const Tensor& values, const IntegerFunction& function) {
  const Limits limits = type_limits(call.output_type(0));
  const auto bits = [&](int32_t value) { return saturated(function(value), limits); };
  Tensor result = empty_output(call, values.sizes());
  look_up(values, tabulated<uint8_t>(values.scalar_type() == at::kChar, bits), bytes_of(result));
  return result;
}

Tensor requantized(const Call& call, size_t input) {
  const Quantization from = call.quantization(input);
  const Quantization to = call.output_quantization();
  const Limits limits = type_limits(call.output_type(0));
  if (from.scale == to.scale && from.zero_point == to.zero_point) return call.tensor(input);
  return mapped_to_output(call, call.tensor(input), [&](int32_t value) {
    const double real = static_cast<float>(value - from.zero_point) * from.scale;
    const double integer = real / to.scale + to.zero_point;
    if (integer < limits.lowest) return limits.lowest;
    if (integer > limits.highest) return limits.highest;
    return static_cast<int32_t>(std::round(integer));
  });
}

Tensor store(const Call& call, const Tensor& sums, Multiplier factor, int64_t activation) {
  const Limits limits = output_limits(call, activation);
  const int32_t zero_point = call.output_quantization().zero_point;
  const Tensor contiguous = sums.contiguous();
  const int32_t* data = contiguous.data_ptr<int32_t>();
  Tensor result = empty_output(call, sums.sizes());
  uint8_t* bytes = bytes_of(result);
  for (int64_t i = 0; i < contiguous.numel(); ++i)
    bytes[i] = static_cast<uint8_t>(saturated(int64_t{multiply(data[i], factor)} + zero_point, limits));
  return result;
}

Tensor empty_output(const Call& call, at::IntArrayRef shape) { return at::empty(shape, storage(call.output_type(0))); }

}  // namespace passerelle::hostnn
