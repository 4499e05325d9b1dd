#include "quantization.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

using graph::ElementType;
using trace::Tensor;
using trace::TensorId;

constexpr int32_t half_range = 128;

/// NNAPI has symmetric weights per channel only.
void require_symmetric(Context& c, const Tensor& weights) {
  for (int64_t zero_point : weights.channel_zero_points)
    if (zero_point != 0)
      c.refuse(Reason::quantization,
               "its weights have a scale for each channel and zero points other than 0, which NNAPI lacks",
               "quantize the weights with torch.per_channel_symmetric");
}

/// Weights of one scale for all channels have the sign of the activations.
Value weights_like(Context& c, TensorId id, Value input) {
  const Tensor& weights = c.info(id);
  if (!weights.constant) c.refuse(Reason::argument, "its weights are computed from the input; they must be constant");
  if (weights.type != ElementType::qint8 && weights.type != ElementType::quint8)
    c.refuse(Reason::quantization, "its weights are " + std::string(graph::name(weights.type)) + ", not qint8",
             "quantize the weights to torch.qint8");
  require_symmetric(c, weights);
  const bool wants_unsigned = input.is(OperandType::TENSOR_QUANT8_ASYMM);
  const bool is_unsigned = weights.type == ElementType::quint8;
  if (!weights.quantization.channel_scales.empty() || wants_unsigned == is_unsigned) return c.operand(id);
  const int32_t shift = wants_unsigned ? half_range : -half_range;
  graph::Quantization quantization = weights.quantization;
  quantization.zero_point += shift;
  const ElementType type = wants_unsigned ? ElementType::quint8 : ElementType::qint8;
  return c.builder().constant(weights.constant->shifted(shift, type), quantization);
}

Value bias_of(Context& c, const trace::Value& bias, float input_scale, const graph::Quantization& weights,
              uint32_t outputs) {
  std::vector<float> values(outputs, 0.0f);
  if (const TensorId* id = bias.tensor()) {
    if (!c.info(*id).constant) c.refuse(Reason::argument, "its bias is computed from the input; it must be constant");
    values = c.info(*id).constant->floats();
  }
  check(values.size() == outputs, "a bias has a number for each output channel");
  std::vector<int32_t> integers;
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = input_scale * (weights.channel_scales.empty() ? weights.scale : weights.channel_scales[i]);
    const double steps = std::nearbyint(double{values[i]} / scale);
    constexpr double lowest = std::numeric_limits<int32_t>::min(), highest = std::numeric_limits<int32_t>::max();
    integers.push_back(static_cast<int32_t>(std::clamp(steps, lowest, highest)));
  }
  graph::Quantization quantization;
  if (weights.channel_scales.empty()) quantization.scale = input_scale * weights.scale;
  return c.builder().constant(Constant::from(std::move(integers), {outputs}), quantization);
}

}  // namespace

QuantizedParameters quantized_parameters(Context& c, const std::vector<trace::Value>& packed, Value input,
                                         uint32_t outputs) {
  if (packed.size() < 2 || !packed[0].tensor())
    c.refuse(Reason::argument, "its packed weights are of a kind that is not known here");
  const Value weights = weights_like(c, *packed[0].tensor(), input);
  const float input_scale = input.quantization().scale;
  const graph::Quantization quantization = weights.quantization();
  return {weights, bias_of(c, packed[1], input_scale, quantization, outputs)};
}

Constant dequantized(const Tensor& tensor) {
  std::vector<float> values = tensor.constant->floats();
  const graph::Quantization& q = tensor.quantization;
  const Shape& shape = tensor.constant->shape();
  size_t inner = 1;
  for (size_t i = q.channel_dimension + 1; i < shape.size(); ++i) inner *= shape[i];
  for (size_t i = 0; i < values.size(); ++i) {
    if (q.channel_scales.empty()) {
      values[i] = (values[i] - static_cast<float>(q.zero_point)) * q.scale;
    } else {
      const size_t channel = i / inner % q.channel_scales.size();
      values[i] = (values[i] - static_cast<float>(tensor.channel_zero_points[channel])) * q.channel_scales[channel];
    }
  }
  return Constant::from(std::move(values), shape);
}

Value quantized_scalar(Context& c, double value, Value like) {
  const bool is_unsigned = like.is(OperandType::TENSOR_QUANT8_ASYMM);
  // The greatest number of steps from the zero point: the finer the scale, the less a product with it loses.
  constexpr int steps = 255;
  const int32_t zero_point = value < 0 ? steps : 0, integer = value == 0 ? zero_point : steps - zero_point;
  const int32_t shift = is_unsigned ? 0 : -half_range;
  graph::Quantization quantization;
  quantization.scale = value == 0 ? 1.0f : static_cast<float>(std::abs(value) / steps);
  quantization.zero_point = zero_point + shift;
  const Constant element = Constant::from(std::vector<int32_t>{integer}, {1});
  return c.builder().constant(element.shifted(shift, is_unsigned ? ElementType::quint8 : ElementType::qint8),
                              quantization);
}

Value requantized(Context& c, Value value, const TensorType& type) {
  if (value.quantization() == type.quantization) return value;
  return (value + quantized_scalar(c, 0, value)).at(type.quantization);
}

Value rectified_as_named(Context& c, Value value) {
  constexpr std::string_view suffix = "_relu";
  const std::string_view op = c.op();
  const bool named = op.size() > suffix.size() && op.substr(op.size() - suffix.size()) == suffix;
  return named ? relu(value) : value;
}

}  // namespace passerelle::lowering
