// Convolutions, linear layers and batch normalisation in integers.
#include <algorithm>
#include <cmath>
#include <string>

#include "convolution.h"
#include "families.h"
#include "layers.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

/// Packed parameters of a convolution, as the trace lists them.
enum ConvolutionPart : size_t { weight, bias, stride, padding, output_padding, dilation, groups, transposed, parts };

/// The packed parameters: "packed_weight", or in the older overloads "weight", or of a linear layer "W_prepack".
const std::vector<trace::Value>& packed_parameters(Context& c) {
  for (const char* name : {"packed_weight", "W_prepack", "weight"})
    if (c.has(name)) return c.list(name);
  return c.list("packed_weight");
}

const char* input_name(Context& c) { return c.has("qx") ? "qx" : c.has("X") ? "X" : "input"; }

HeightWidth pair_of(Context& c, const trace::Value& value) {
  const std::vector<trace::Value>* list = value.list();
  const auto number = [](const trace::Value& element) {
    const int64_t* integer = std::get_if<int64_t>(&element.data);
    return static_cast<int32_t>(integer ? *integer : 0);
  };
  // Those of signals are packed with a height, but for padding of some versions.
  if (list && list->size() == 2) return {number((*list)[0]), number((*list)[1])};
  if (list && list->size() == 1) return {0, number((*list)[0])};
  c.refuse(Reason::rank, "NNAPI has no three-dimensional convolution", "use conv2d on each slice");
}

/// [out, in, width] → [out, in, 1, width]
Value as_filter(Context& c, Value weights) {
  const Shape shape = weights.shape();
  return shape.size() == 3 ? reshape(weights, {shape[0], shape[1], 1, shape[2]}) : weights;
}

void lower_convolution(Context& c) {
  const std::vector<trace::Value>& packed = packed_parameters(c);
  if (packed.size() < parts) c.refuse(Reason::argument, "its packed weights are of a kind that is not known here");
  const Value input = c.tensor(input_name(c));
  const int64_t* group_count = std::get_if<int64_t>(&packed[groups].data);
  const bool* is_transposed = std::get_if<bool>(&packed[transposed].data);
  const size_t spatial_rank = c.result_info().shape.size() >= 4 || c.op().find("2d") != std::string_view::npos ? 2 : 1;
  const Shape result = c.result_type().shape;
  const uint32_t channels = result[result.size() - spatial_rank - 1];
  const QuantizedParameters layer = quantized_parameters(c, packed, input, channels);
  ConvolutionParameters parameters{as_filter(c, layer.weights), layer.bias};
  parameters.stride = pair_of(c, packed[stride]);
  parameters.padding = pair_of(c, packed[padding]);
  parameters.output_padding = pair_of(c, packed[output_padding]);
  parameters.dilation = pair_of(c, packed[dilation]);
  parameters.stride.height = std::max(1, parameters.stride.height);
  parameters.dilation.height = std::max(1, parameters.dilation.height);
  parameters.groups = static_cast<uint32_t>(group_count ? *group_count : 1);
  parameters.output = c.result_type().quantization;
  const Value nhwc = to_nhwc(as_image(c, input, spatial_rank));
  const bool backwards = is_transposed && *is_transposed;
  const Value made = backwards ? transposed_convolution(c, nhwc, parameters) : convolution(c, nhwc, parameters);
  result_from_nhwc(c, rectified_as_named(c, made));
}

void lower_linear(Context& c) {
  const Value input = c.tensor(input_name(c));
  const uint32_t outputs = c.result_type().shape.back();
  const QuantizedParameters layer = quantized_parameters(c, packed_parameters(c), input, outputs);
  const Value made = fully_connected(c, input, layer.weights, layer.bias, c.result_type().quantization);
  c.result(reshape(rectified_as_named(c, made), c.result_type().shape));
}

/// Weights of integers, activations of floats: PyTorch quantizes these by the range that they turn out to have. Here
/// the weights become floats, once, which is nearer to the model before it was quantized.
Value float_weights(Context& c, const std::vector<trace::Value>& packed) {
  const trace::TensorId* id = packed.empty() ? nullptr : packed[0].tensor();
  if (!id || !c.info(*id).constant)
    c.refuse(Reason::argument, "its packed weights are of a kind that is not known here");
  const trace::Tensor& tensor = c.info(*id);
  if (!graph::is_quantized(tensor.type))
    return c.constant_operand(tensor.constant->converted(graph::ElementType::float32));
  return c.constant_operand(dequantized(tensor));
}

void lower_linear_dynamic(Context& c) {
  const std::vector<trace::Value>& packed = packed_parameters(c);
  const Value weights = float_weights(c, packed);
  const trace::TensorId* bias_id = packed.size() > 1 ? packed[1].tensor() : nullptr;
  const Value bias = bias_id ? c.operand(*bias_id) : zero_bias(c, weights.shape()[0]);
  Value made = fully_connected(c, c.tensor("X"), weights, bias);
  if (c.op().find("relu") != std::string_view::npos) made = relu(made);
  c.result(reshape(made, c.result_type().shape));
}

/// x * factor + summand in each channel: a convolution of each channel with one number, which has a scale of its own.
void lower_batch_norm(Context& c) {
  const Value input = c.tensor("qx");
  const Shape shape = input.shape();
  const std::vector<float> mean = c.required_constant("mean").floats(), variance = c.required_constant("var").floats();
  const size_t channels = mean.size();
  std::vector<float> gamma(channels, 1.0f), beta(channels, 0.0f);
  if (!c.is_none("weight")) gamma = c.required_constant("weight").floats();
  if (!c.is_none("bias")) beta = c.required_constant("bias").floats();
  const float input_scale = input.quantization().scale;
  constexpr float most = 127;
  std::vector<int8_t> filter;
  std::vector<int32_t> bias;
  graph::Quantization scales;
  for (size_t i = 0; i < channels; ++i) {
    const double factor = gamma[i] / std::sqrt(variance[i] + c.number("eps"));
    scales.channel_scales.push_back(factor == 0 ? 1.0f : static_cast<float>(std::abs(factor)) / most);
    filter.push_back(static_cast<int8_t>(factor == 0 ? 0 : factor > 0 ? most : -most));
    const double step = double{input_scale} * scales.channel_scales.back();
    bias.push_back(static_cast<int32_t>(std::clamp(std::nearbyint((beta[i] - mean[i] * factor) / step), -2e9, 2e9)));
  }
  const auto count = static_cast<uint32_t>(channels);
  const Constant weights = Constant::from(std::move(filter), {count, 1, 1, 1}).shifted(0, graph::ElementType::qint8);
  ConvolutionParameters parameters{c.builder().constant(weights, scales),
                                   c.constant_operand(Constant::from(std::move(bias), {count}))};
  parameters.groups = count;
  parameters.output = c.result_type().quantization;
  uint32_t pixels = 1;
  for (size_t i = 2; i < shape.size(); ++i) pixels *= shape[i];
  const Shape image = shape.size() == 4 ? shape : Shape{shape[0], count, 1, pixels};
  const Value made = convolution(c, to_nhwc(reshape(input, image)), parameters);
  result_from_nhwc(c, rectified_as_named(c, made));
}

constexpr std::string_view convolutions = "CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D";
constexpr std::string_view weights_limits = "weights per channel with zero points";
constexpr std::string_view dynamic = "FULLY_CONNECTED of floats";

constexpr Lowering table[] = {
    {"quantized::conv1d", lower_convolution, convolutions, weights_limits},
    {"quantized::conv1d_relu", lower_convolution, convolutions, weights_limits},
    {"quantized::conv2d", lower_convolution, convolutions, weights_limits},
    {"quantized::conv2d_relu", lower_convolution, convolutions, weights_limits},
    {"quantized::conv_transpose1d", lower_convolution, "TRANSPOSE_CONV_2D", weights_limits},
    {"quantized::conv_transpose2d", lower_convolution, "TRANSPOSE_CONV_2D", weights_limits},
    {"quantized::linear", lower_linear, "FULLY_CONNECTED, CONV_2D", weights_limits},
    {"quantized::linear_relu", lower_linear, "FULLY_CONNECTED, CONV_2D", weights_limits},
    {"quantized::linear_dynamic", lower_linear_dynamic, dynamic, ""},
    {"quantized::linear_relu_dynamic", lower_linear_dynamic, dynamic, ""},
    {"quantized::linear_dynamic_fp16", lower_linear_dynamic, dynamic, ""},
    {"quantized::linear_relu_dynamic_fp16", lower_linear_dynamic, dynamic, ""},
    {"quantized::batch_norm", lower_batch_norm, "DEPTHWISE_CONV_2D", ""},
    {"quantized::batch_norm_relu", lower_batch_norm, "DEPTHWISE_CONV_2D", ""},
    {"quantized::batch_norm1d", lower_batch_norm, "DEPTHWISE_CONV_2D", ""},
    {"quantized::batch_norm1d_relu", lower_batch_norm, "DEPTHWISE_CONV_2D", ""},
    {"quantized::batch_norm2d", lower_batch_norm, "DEPTHWISE_CONV_2D", ""},
    {"quantized::batch_norm2d_relu", lower_batch_norm, "DEPTHWISE_CONV_2D", ""},
};

}  // namespace

Span<const Lowering> quantized_layer_lowerings() { return table; }

}  // namespace passerelle::lowering
