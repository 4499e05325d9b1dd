// Layers as PyTorch's optimize_for_mobile leaves them: weights packed for XNNPACK, activations fused as bounds.
#include <optional>
#include <vector>

#include "convolution.h"
#include "families.h"
#include "layers.h"

namespace passerelle::lowering {
namespace {

using trace::Value;

std::optional<double> bound(const Value& value) {
  if (const auto* real = std::get_if<double>(&value.data)) return *real;
  if (const auto* integer = std::get_if<int64_t>(&value.data)) return static_cast<double>(*integer);
  return std::nullopt;
}

OperandId bounded(Context& c, OperandId x, const Value& least, const Value& greatest) {
  if (std::optional<double> number = bound(least)) x = c.binary(Op::MAXIMUM, x, *number);
  if (std::optional<double> number = bound(greatest)) x = c.binary(Op::MINIMUM, x, *number);
  return x;
}

/// What the packed object would write into an archive: `count` parts.
const std::vector<Value>& packed(Context& c, size_t count) {
  const std::vector<Value>& parts = c.list("W_prepack");
  if (parts.size() != count || !parts[0].tensor())
    c.refuse(Reason::argument, "its packed weights have a form that is not known",
             "convert the model from before optimize_for_mobile");
  return parts;
}

OperandId bias_of(Context& c, const Value& bias, uint32_t size) {
  return bias.tensor() ? c.operand(*bias.tensor()) : zero_bias(c, size);
}

HeightWidth pair_of(const Value& value) {
  const auto number = [](const Value& element) { return static_cast<int32_t>(std::get<int64_t>(element.data)); };
  return {number(value.list()->front()), number(value.list()->back())};
}

/// {weight, bias, stride, padding, (transposed: output padding,) dilation, groups, least, greatest}
void lower_convolution(Context& c, bool transposed) {
  const std::vector<Value>& parts = packed(c, transposed ? 9 : 8);
  size_t next = 0;
  ConvolutionParameters parameters;
  parameters.weights = c.operand(*parts[next++].tensor());
  const Value& bias = parts[next++];
  parameters.stride = pair_of(parts[next++]);
  parameters.padding = pair_of(parts[next++]);
  if (transposed) parameters.output_padding = pair_of(parts[next++]);
  parameters.dilation = pair_of(parts[next++]);
  parameters.groups = static_cast<uint32_t>(std::get<int64_t>(parts[next++].data));
  const Shape filter = c.shape(parameters.weights);
  parameters.bias = bias_of(c, bias, transposed ? filter[1] * parameters.groups : filter[0]);
  const OperandId input = c.to_nhwc(as_image(c, c.tensor("X"), 2));
  const OperandId result =
      transposed ? transposed_convolution(c, input, parameters) : convolution(c, input, parameters);
  result_from_nhwc(c, bounded(c, result, parts[next], parts[next + 1]));
}

void lower_ordinary(Context& c) { lower_convolution(c, false); }
void lower_transposed(Context& c) { lower_convolution(c, true); }

/// {weight, bias, least, greatest}
void lower_linear(Context& c) {
  const std::vector<Value>& parts = packed(c, 4);
  const OperandId weights = c.operand(*parts[0].tensor());
  const OperandId bias = bias_of(c, parts[1], c.shape(weights)[0]);
  const OperandId result = fully_connected(c, c.tensor("X"), weights, bias);
  c.result(c.reshape(bounded(c, result, parts[2], parts[3]), c.result_type().shape));
}

constexpr std::string_view convolutions = "CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D, MAXIMUM, MINIMUM";

constexpr Lowering table[] = {
    {"prepacked::conv2d_clamp_run", lower_ordinary, convolutions, ""},
    {"prepacked::conv2d_transpose_clamp_run", lower_transposed, "TRANSPOSE_CONV_2D, MAXIMUM, MINIMUM", ""},
    {"prepacked::linear_clamp_run", lower_linear, "FULLY_CONNECTED, MAXIMUM, MINIMUM", ""},
};

}  // namespace

Span<const Lowering> prepacked_lowerings() { return table; }

}  // namespace passerelle::lowering
