// quantized_decomposed::*, which torch.export's quantization writes: integers lie in plain tensors of 8 bits, and their
// scales beside them. A quantize becomes QUANTIZE, the dequantize that reads it DEQUANTIZE of the same tensor; the
// integers themselves are made (and kept) only where something else reads them.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "passerelle/graph/ways_out.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

struct Range {
  OperandType type;
  int64_t lowest, highest;
};

/// Of NNAPI's quantized tensor with these integers.
Range range_of(const Context& c, const trace::Tensor& integers) {
  if (integers.type == graph::ElementType::uint8) return {OperandType::TENSOR_QUANT8_ASYMM, 0, 255};
  if (integers.type == graph::ElementType::int8) return {OperandType::TENSOR_QUANT8_ASYMM_SIGNED, -128, 127};
  c.refuse(Reason::quantization,
           "it quantizes to " + std::string(graph::name(integers.type)) + ", and NNAPI's activations have 8 bits",
           graph::way_out::plain_eight_bits);
}

graph::Quantization scale_of(const Context& c, const Range& range) {
  graph::Quantization quantization;
  quantization.scale = static_cast<float>(c.number("scale"));
  const int64_t zero_point = std::llround(c.number("zero_point"));
  if (!(quantization.scale > 0) || zero_point < range.lowest || zero_point > range.highest)
    c.refuse(Reason::quantization, "its scale is not above 0, or its zero point beyond the integers that it makes",
             graph::way_out::static_scale);
  quantization.zero_point = static_cast<int32_t>(zero_point);
  return quantization;
}

/// Narrower than the type's range where "quant_min" and "quant_max" say so.
Value clamped(const Context& c, Value value, const Range& range, const graph::Quantization& quantization) {
  const auto number = [&](int64_t integer) {
    return static_cast<double>(integer - quantization.zero_point) * quantization.scale;
  };
  const int64_t lowest = c.integer("quant_min"), highest = c.integer("quant_max");
  if (lowest > range.lowest) value = max(value, number(lowest));
  if (highest < range.highest) value = min(value, number(highest));
  return value;
}

void lower_quantize(Context& c) {
  const Range range = range_of(c, c.result_info());
  const graph::Quantization quantization = scale_of(c, range);
  const Value quantized = quantize(clamped(c, c.tensor("input"), range, quantization), range.type, quantization);
  const Value integers = integers_of(quantized);
  c.note_integers(integers, quantized);
  c.result(integers);
}

void lower_dequantize(Context& c) {
  const Value integers = c.tensor("input");
  const double scale = c.number("scale"), zero_point = c.number("zero_point");
  if (const std::optional<Value> quantized = c.quantized_behind(integers)) {
    const graph::Quantization known = quantized->quantization();
    if (known.scale == static_cast<float>(scale) && known.zero_point == zero_point)
      return c.result(dequantize(*quantized));
  }
  c.result((cast(c, integers, OperandType::TENSOR_FLOAT32) - zero_point) * scale);
}

/// One number a channel, in the shape that broadcasts along "axis".
Value along_axis(Context& c, std::string_view name, const Shape& shape) {
  std::vector<float> numbers = c.required_constant(name).floats();
  Shape column(shape.size(), 1);
  column[Context::dimension(c.integer("axis"), shape.size())] = static_cast<uint32_t>(numbers.size());
  return c.constant_operand(Constant::from(std::move(numbers), column));
}

void lower_dequantize_channels(Context& c) {
  Value steps = cast(c, c.tensor("input"), OperandType::TENSOR_FLOAT32);
  if (!c.is_none("zero_points")) steps = steps - along_axis(c, "zero_points", steps.shape());
  c.result(steps * along_axis(c, "scales", steps.shape()));
}

void lower_quantize_channels(Context& c) {
  c.refuse(Reason::quantization, "NNAPI has a scale for each channel for weights only", graph::way_out::per_tensor);
}

constexpr Lowering table[] = {
    {"quantized_decomposed::quantize_per_tensor", lower_quantize, "QUANTIZE", "16 and 32 bits; scales from data"},
    {"quantized_decomposed::dequantize_per_tensor", lower_dequantize, "DEQUANTIZE", "scales from data"},
    {"quantized_decomposed::quantize_per_channel", lower_quantize_channels, "", "always"},
    {"quantized_decomposed::dequantize_per_channel", lower_dequantize_channels, "CAST, SUB, MUL", "scales from data"},
};

}  // namespace

Span<const Lowering> decomposed_quantization_lowerings() { return table; }

}  // namespace passerelle::lowering
