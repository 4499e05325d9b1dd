// Arithmetic, comparisons and choices between quantized tensors, with broadcasting; CONCATENATION and MEAN.
#include <algorithm>
#include <cmath>

#include "quantized.h"
#include "reduction.h"

namespace passerelle::hostnn {
namespace {

Multiplier multiplier_below_one(double factor) {
  require(factor > 0 && factor < 1, "the output's scale is too small for those of the inputs");
  return multiplier_of(factor);
}

/// Both addends are brought to a common scale with 20 bits to spare.
Tensors add(const Call& call, int32_t sign) {
  constexpr int spare_bits = 20;
  const double common = 2 * std::max(call.quantization(0).scale, call.quantization(1).scale);
  const auto addend = [&](size_t index, int32_t with_sign) {
    const Quantization from = call.quantization(index);
    Multiplier factor = multiplier_below_one(from.scale / common);
    factor.mantissa *= with_sign;
    return mapped(call.tensor(index),
                  [&](int32_t value) { return multiply(shifted_left(value - from.zero_point, spare_bits), factor); });
  };
  const double scale = call.output_quantization().scale;
  const Multiplier factor = multiplier_below_one(common / ((1 << spare_bits) * scale));
  return {store(call, addend(0, 1) + addend(1, sign), factor, call.integer(2))};
}

Tensors add(const Call& call) { return add(call, 1); }
Tensors sub(const Call& call) { return add(call, -1); }

/// As Android: the product of two scales is rounded to float32.
double product_of_scales(const Call& call) { return call.quantization(0).scale * call.quantization(1).scale; }

Tensors mul(const Call& call) {
  const Multiplier factor = multiplier_below_one(product_of_scales(call) / call.output_quantization().scale);
  return {store(call, centred(call, 0) * centred(call, 1), factor, call.integer(2))};
}

Tensors prelu(const Call& call) {
  const float scale = call.output_quantization().scale;
  const Multiplier positive = multiplier_of(call.quantization(0).scale / scale);
  const Multiplier negative = multiplier_of(product_of_scales(call) / scale);
  const Tensor values = centred(call, 0);
  const Tensor kept = store(call, values, positive);
  const Tensor scaled = store(call, values * centred(call, 1), negative);
  return {at::where(values >= 0, kept, scaled)};
}

Tensors minimum(const Call& call) { return {at::minimum(requantized(call, 0), requantized(call, 1))}; }
Tensors maximum(const Call& call) { return {at::maximum(requantized(call, 0), requantized(call, 1))}; }

Tensors select(const Call& call) {
  const Tensor& condition = call.tensor(0);
  require(condition.sizes() == call.tensor(1).sizes() && condition.sizes() == call.tensor(2).sizes(),
          "SELECT does not broadcast: its three shapes must be equal");
  return {at::where(condition, requantized(call, 1), requantized(call, 2))};
}

template <Tensor (*compare)(const Tensor&, const Tensor&)>
Tensors compared(const Call& call) {
  return {compare(dequantized(call, 0), dequantized(call, 1))};
}

/// A part in another scale is rescaled in float32, counted from the lowest integer of its type.
Tensor part_of_concatenation(const Call& call, size_t index) {
  const Quantization from = call.quantization(index);
  const Quantization to = call.output_quantization();
  if (from.scale == to.scale && from.zero_point == to.zero_point) return call.tensor(index);
  const int32_t lowest = output_limits(call).lowest;
  const float scale = from.scale * (1.0f / to.scale);
  const float bias = static_cast<float>(lowest - from.zero_point) * scale;
  return mapped_to_output(call, call.tensor(index), [&](int32_t value) {
    return static_cast<int32_t>(std::round(static_cast<float>(value - lowest) * scale + bias)) + to.zero_point;
  });
}

Tensors concatenation(const Call& call) {
  std::vector<Tensor> parts;
  const size_t count = call.size() - 1;
  for (size_t i = 0; i < count; ++i) parts.push_back(part_of_concatenation(call, i));
  const int64_t axis = call.integer(count);
  require(axis >= 0 && axis < parts[0].dim(), "the axis is not one of the tensors'");
  return {at::cat(parts, axis)};
}

/// The mean of the integers as they are, without its fraction.
Tensors mean(const Call& call) {
  const Tensor& values = call.tensor(0);
  const std::vector<int64_t> axes = read_axes(call);
  if (axes.empty()) return {values};
  int64_t count = 1;
  for (int64_t axis : axes) count *= values.size(axis);
  const Tensor sums = values.sum(axes, call.integer(2) > 0, at::kLong);
  return {at_least_rank_1(at::div(sums, count, "trunc").to(values.scalar_type()))};
}

Tensors rsqrt(const Call& call) {
  const Quantization from = call.quantization(0);
  const Quantization to = call.output_quantization();
  const Limits limits = output_limits(call);
  return {mapped_to_output(call, call.tensor(0), [&](int32_t value) {
    const float real = 1.0f / std::sqrt(static_cast<float>(value - from.zero_point) * from.scale);
    const float integer = static_cast<float>(to.zero_point) + std::round(real / to.scale);
    // Roots of negative numbers are not defined.
    if (!(integer < static_cast<float>(limits.highest))) return limits.highest;
    return std::max(limits.lowest, static_cast<int32_t>(integer));
  })};
}

constexpr unsigned compared_types = quant8 | bool8;

constexpr Row rows[] = {
    {OperationType::ADD, add, quant8 | zero_sized},
    {OperationType::CONCATENATION, concatenation, quant8 | zero_sized},
    {OperationType::EQUAL, compared<at::eq>, compared_types},
    {OperationType::GREATER, compared<at::gt>, compared_types},
    {OperationType::GREATER_EQUAL, compared<at::ge>, compared_types},
    {OperationType::LESS, compared<at::lt>, compared_types},
    {OperationType::LESS_EQUAL, compared<at::le>, compared_types},
    {OperationType::MAXIMUM, maximum, quant8},
    {OperationType::MEAN, mean, quant8 | int32},
    {OperationType::MINIMUM, minimum, quant8},
    {OperationType::MUL, mul, quant8 | zero_sized},
    {OperationType::NOT_EQUAL, compared<at::ne>, compared_types},
    {OperationType::PRELU, prelu, quant8},
    {OperationType::RSQRT, rsqrt, quant8},
    {OperationType::SELECT, select, quant8 | bool8},
    {OperationType::SUB, sub, quant8 | zero_sized},
};

}  // namespace

Span<const Row> quantized_elementwise_rows() { return rows; }

}  // namespace passerelle::hostnn
