// Layers as PyTorch's optimize_for_mobile leaves them: weights packed for XNNPACK, activations fused as bounds.
#include <optional>
#include <vector>

#include "convolution.h"
#include "families.h"
#include "layers.h"

namespace passerelle::lowering {
namespace {

std::optional<double> bound(const trace::Value& value) {
  if (const auto* real = std::get_if<double>(&value.data)) return *real;
  if (const auto* integer = std::get_if<int64_t>(&value.data)) return static_cast<double>(*integer);
  return std::nullopt;
}

Value bounded(Context& c, Value x, const trace::Value& least, const trace::Value& greatest) {
  if (std::optional<double> number = bound(least)) x = max(x, *number);
  if (std::optional<double> number = bound(greatest)) x = min(x, *number);
  return x;
}

/// What the packed object would write into an archive: `count` parts.
const std::vector<trace::Value>& packed(Context& c, size_t count) {
  const std::vector<trace::Value>& parts = c.list("W_prepack");
  if (parts.size() != count || !parts[0].tensor())
    c.refuse(Reason::argument, "its packed weights have a form that is not known",
             "convert the model from before optimize_for_mobile");
  return parts;
}

Value bias_of(Context& c, const trace::Value& bias, uint32_t size) {
  return bias.tensor() ? c.operand(*bias.tensor()) : zero_bias(c, size);
}

HeightWidth pair_of(const trace::Value& value) {
  const auto number = [](const trace::Value& element) { return static_cast<int32_t>(std::get<int64_t>(element.data)); };
  return {number(value.list()->front()), number(value.list()->back())};
}

/// {weight, bias, stride, padding, (transposed: output padding,) dilation, groups, least, greatest}
void lower_convolution(Context& c, bool transposed) {
  const std::vector<trace::Value>& parts = packed(c, transposed ? 9 : 8);
  size_t next = 0;
  const Value weights = c.operand(*parts[next++].tensor());
  const trace::Value& bias = parts[next++];
  const auto groups = static_cast<uint32_t>(std::get<int64_t>(parts[transposed ? 6 : 5].data));
  const Shape filter = weights.shape();
  ConvolutionParameters parameters{weights, bias_of(c, bias, transposed ? filter[1] * groups : filter[0])};
  parameters.stride = pair_of(parts[next++]);
  parameters.padding = pair_of(parts[next++]);
  if (transposed) parameters.output_padding = pair_of(parts[next++]);
  parameters.dilation = pair_of(parts[next++]);
  parameters.groups = groups;
  ++next;
  const Value input = to_nhwc(as_image(c, c.tensor("X"), 2));
  const Value result = transposed ? transposed_convolution(c, input, parameters) : convolution(c, input, parameters);
  result_from_nhwc(c, bounded(c, result, parts[next], parts[next + 1]));
}

void lower_ordinary(Context& c) { lower_convolution(c, false); }
void lower_transposed(Context& c) { lower_convolution(c, true); }

/// {weight, bias, least, greatest}
void lower_linear(Context& c) {
  const std::vector<trace::Value>& parts = packed(c, 4);
  const Value weights = c.operand(*parts[0].tensor());
  const Value bias = bias_of(c, parts[1], weights.shape()[0]);
  const Value result = fully_connected(c, c.tensor("X"), weights, bias);
  c.result(reshape(bounded(c, result, parts[2], parts[3]), c.result_type().shape));
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
