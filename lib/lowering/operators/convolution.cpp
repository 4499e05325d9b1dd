// Convolutions and transposed convolutions, of images, of signals (as images of height 1) and of volumes: the slices
// that an output slice is made from are more channels of one image.
#include "convolution.h"

#include <algorithm>
#include <string>

#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// A quantized constant's scales for part of its first dimension.
graph::Quantization part(graph::Quantization whole, uint32_t begin, uint32_t count) {
  if (whole.channel_scales.empty() || whole.channel_dimension != 0) return whole;
  const auto first = whole.channel_scales.begin() + begin;
  whole.channel_scales = std::vector<float>(first, first + count);
  return whole;
}

/// Part of the first dimension of weights or a bias.
Value part(Context& c, Value parameter, uint32_t begin, uint32_t count) {
  if (parameter.is_constant())
    return c.builder().constant(parameter.constant()->sliced(0, begin, count),
                                part(parameter.quantization(), begin, count));
  return slice(parameter, 0, begin, count);
}

/// How a filter moves along one spatial dimension. Paddings may be negative: then the input is cropped.
struct Axis {
  int32_t stride = 1;
  int32_t dilation = 1;
  int32_t before = 0;
  int32_t after = 0;

  int32_t extent(uint32_t kernel) const { return dilation * (static_cast<int32_t>(kernel) - 1) + 1; }
};

struct Window {
  Axis height;
  Axis width;
};

/// What is the same for all windows. `weights` are PyTorch's: [out, in / groups, height, width].
struct Filters {
  Value weights;
  Value bias;
  graph::Quantization output;
};

/// NNAPI refuses explicit paddings below 0 and of the filter's whole extent or more: those are cropped or padded apart.
Value fit_padding(Context& c, Value nhwc, Window& window, uint32_t kernel_height, uint32_t kernel_width) {
  std::vector<int32_t> begin(4, 0);
  Shape size = nhwc.shape();
  std::vector<std::pair<int32_t, int32_t>> padding(4, {0, 0});
  auto fit = [&](uint32_t dimension, Axis& axis, uint32_t kernel) {
    begin[dimension] = std::max(0, -axis.before);
    size[dimension] -= static_cast<uint32_t>(begin[dimension] + std::max(0, -axis.after));
    axis.before = std::max(0, axis.before);
    axis.after = std::max(0, axis.after);
    if (std::max(axis.before, axis.after) < axis.extent(kernel)) return;
    padding[dimension] = {axis.before, axis.after};
    axis.before = axis.after = 0;
  };
  fit(nhwc_height, window.height, kernel_height);
  fit(nhwc_width, window.width, kernel_width);
  if (size != nhwc.shape()) nhwc = slice(nhwc, begin, size);
  const std::pair<int32_t, int32_t> none{0, 0};
  if (padding[nhwc_height] != none || padding[nhwc_width] != none) nhwc = pad(nhwc, padding);
  return nhwc;
}

/// CONV_2D, DEPTHWISE_CONV_2D or GROUPED_CONV_2D.
Value convolve(Context& c, Value nhwc, const Filters& filters, Window window, uint32_t groups);

/// GROUPED_CONV_2D has no dilation: one CONV_2D a group.
Value convolve_each_group(Context& c, Value nhwc, const Filters& filters, const Window& window, uint32_t groups) {
  Shape size = nhwc.shape();
  size[nhwc_channels] /= groups;
  const uint32_t outputs = filters.weights.shape()[0] / groups;
  Values results;
  for (uint32_t group = 0; group < groups; ++group) {
    const Value channels = slice(nhwc, {0, 0, 0, static_cast<int32_t>(group * size[nhwc_channels])}, size);
    const uint32_t begin = group * outputs;
    results.push_back(convolve(
        c, channels, {part(c, filters.weights, begin, outputs), part(c, filters.bias, begin, outputs), filters.output},
        window, 1));
  }
  return concatenate(results, nhwc_channels);
}

Value convolve(Context& c, Value nhwc, const Filters& filters, Window window, uint32_t groups) {
  const Shape kernel = filters.weights.shape();
  const uint32_t inputs = nhwc.shape()[nhwc_channels];
  const bool dilated = window.height.dilation != 1 || window.width.dilation != 1;
  const bool depthwise = groups > 1 && groups == inputs;
  nhwc = fit_padding(c, nhwc, window, kernel[2], kernel[3]);
  if (groups > 1 && !depthwise && dilated) return convolve_each_group(c, nhwc, filters, window, groups);

  const Op type = depthwise ? Op::DEPTHWISE_CONV_2D : groups > 1 ? Op::GROUPED_CONV_2D : Op::CONV_2D;
  // PyTorch's output channel of a depthwise convolution is group * multiplier + m, which is NNAPI's order too.
  const Value filter = depthwise ? transpose(filters.weights, {1, 2, 3, 0}) : to_nhwc(filters.weights);
  graph::Operation operation = c.graph().make_operation(type,
                                                        {{"input", nhwc},
                                                         {"filter", filter},
                                                         {"bias", filters.bias},
                                                         {"padding_left", window.width.before},
                                                         {"padding_right", window.width.after},
                                                         {"padding_top", window.height.before},
                                                         {"padding_bottom", window.height.after},
                                                         {"stride_width", window.width.stride},
                                                         {"stride_height", window.height.stride}},
                                                        {}, 0);
  if (depthwise) operation.argument("depth_multiplier") = static_cast<int32_t>(kernel[0] / inputs);
  if (type == Op::GROUPED_CONV_2D) operation.argument("num_groups") = static_cast<int32_t>(groups);
  if (dilated) {
    operation.argument("dilation_width") = window.width.dilation;
    operation.argument("dilation_height") = window.height.dilation;
  }
  return c.builder().append(std::move(operation), 1, {{}, filters.output}).front();
}

/// Zeros behind each row and column, so that pixels stand `stride` apart: [N, H, W, C] → [N, H*stride, W*stride, C].
Value insert_zeros(Context& c, Value nhwc, HeightWidth stride) {
  const Shape shape = nhwc.shape();
  const uint32_t height = shape[1] * static_cast<uint32_t>(stride.height);
  const uint32_t width = shape[2] * static_cast<uint32_t>(stride.width);
  if (stride.width > 1) {
    nhwc = reshape(nhwc, {shape[0] * shape[1], shape[2], 1, shape[3]});
    nhwc = pad(nhwc, {{0, 0}, {0, 0}, {0, stride.width - 1}, {0, 0}});
    nhwc = reshape(nhwc, {shape[0], shape[1], width, shape[3]});
  }
  if (stride.height > 1) {
    nhwc = reshape(nhwc, {shape[0] * shape[1], 1, width, shape[3]});
    nhwc = pad(nhwc, {{0, 0}, {0, stride.height - 1}, {0, 0}, {0, 0}});
    nhwc = reshape(nhwc, {shape[0], height, width, shape[3]});
  }
  return nhwc;
}

/// Elements of a filter [out, height, width, in] with `zero` between its taps (dilation) and behind them.
template <typename Element>
Constant spread(const std::vector<Element>& values, const Shape& shape, Element zero, HeightWidth dilation,
                HeightWidth behind) {
  const uint32_t height = dilation.height * (shape[1] - 1) + 1 + behind.height;
  const uint32_t width = dilation.width * (shape[2] - 1) + 1 + behind.width;
  std::vector<Element> result(size_t{shape[0]} * height * width * shape[3], zero);
  auto from = values.begin();
  for (uint32_t output = 0; output < shape[0]; ++output)
    for (uint32_t y = 0; y < shape[1]; ++y)
      for (uint32_t x = 0; x < shape[2]; ++x, from += shape[3]) {
        const size_t row = size_t{output} * height + y * static_cast<uint32_t>(dilation.height);
        std::copy_n(from, shape[3],
                    result.begin() + (row * width + x * static_cast<uint32_t>(dilation.width)) * shape[3]);
      }
  return Constant::from(std::move(result), {shape[0], height, width, shape[3]});
}

Value spread_filter(Context& c, Value filter, HeightWidth dilation, HeightWidth behind) {
  const Constant constant = *filter.constant();
  const graph::Quantization quantization = filter.quantization();
  if (!nnapi::is_quantized(filter.element_type()))
    return c.constant_operand(spread(constant.floats(), constant.shape(), 0.0f, dilation, behind));
  const std::vector<int64_t> integers = constant.integers();
  const Constant result = spread(std::vector<int32_t>(integers.begin(), integers.end()), constant.shape(),
                                 quantization.zero_point, dilation, behind);
  return c.builder().constant(result.converted(constant.type()), quantization);
}

Constant require_constant_weights(Context& c, Value weights, const char* because) {
  if (!weights.is_constant())
    c.refuse(Reason::argument, std::string("a transposed convolution ") + because + " needs constant weights");
  return *weights.constant();
}

/// TRANSPOSE_CONV_2D. It has no dilation and no output padding: zeros in the filter say both. (Android's own kernel
/// also takes a negative padding for the latter, but its documentation does not promise it.)
Value transpose_convolve(Context& c, Value nhwc, const ConvolutionParameters& t) {
  const HeightWidth behind{std::max(0, t.output_padding.height - t.padding.height),
                           std::max(0, t.output_padding.width - t.padding.width)};
  Value filter = transpose(t.weights, {1, 2, 3, 0});
  if (t.dilation.height != 1 || t.dilation.width != 1 || behind.height != 0 || behind.width != 0) {
    require_constant_weights(c, filter, "with dilation or output padding");
    filter = spread_filter(c, filter, t.dilation, behind);
  }
  const int32_t bottom = t.padding.height - t.output_padding.height + behind.height;
  const int32_t right = t.padding.width - t.output_padding.width + behind.width;
  return c.builder().emit(Op::TRANSPOSE_CONV_2D,
                          {{"input", nhwc},
                           {"filter", filter},
                           {"bias", t.bias},
                           {"padding_left", t.padding.width},
                           {"padding_right", right},
                           {"padding_top", t.padding.height},
                           {"padding_bottom", bottom},
                           {"stride_width", t.stride.width},
                           {"stride_height", t.stride.height}},
                          {{}, t.output});
}

/// TRANSPOSE_CONV_2D has no groups, but a transposed convolution is an ordinary one of the input with zeros between its
/// pixels, with each filter turned by 180 degrees. `weights`: [in, out / groups, height, width].
Value transpose_convolve_groups(Context& c, Value nhwc, const ConvolutionParameters& t) {
  const Constant constant = require_constant_weights(c, t.weights, "with groups");
  const graph::Quantization quantization = t.weights.quantization();
  if (!quantization.channel_scales.empty())
    c.refuse(Reason::quantization, "a transposed convolution with groups takes no weights quantized per channel",
             "quantize its weights with one scale for all channels");
  const Shape shape = constant.shape();
  const uint32_t inputs = shape[0] / t.groups, outputs = shape[1];
  const Constant turned = constant.sliced(2, shape[2] - 1, shape[2], -1).sliced(3, shape[3] - 1, shape[3], -1);
  const Constant filter = turned.reshaped({t.groups, inputs, outputs, shape[2], shape[3]})
                              .permuted({0, 2, 1, 3, 4})
                              .reshaped({t.groups * outputs, inputs, shape[2], shape[3]});
  auto axis = [](int32_t stride, int32_t padding, int32_t output_padding, int32_t dilation, uint32_t kernel) {
    const int32_t before = dilation * (static_cast<int32_t>(kernel) - 1) - padding;
    return Axis{1, dilation, before, before + output_padding - (stride - 1)};
  };
  const Window window{axis(t.stride.height, t.padding.height, t.output_padding.height, t.dilation.height, shape[2]),
                      axis(t.stride.width, t.padding.width, t.output_padding.width, t.dilation.width, shape[3])};
  const Filters filters{c.builder().constant(filter, quantization), t.bias, t.output};
  return convolve(c, insert_zeros(c, nhwc, t.stride), filters, window, t.groups);
}

/// The filter with two spatial dimensions: [out, in, width] → [out, in, 1, width]; the taps along a depth become
/// channels, which lie beside one another for each channel of the input.
Value filter_of(Context& c, bool transposed) {
  const Value weights = c.tensor("weight");
  const Shape shape = weights.shape();
  if (shape.size() == 3) return reshape(weights, {shape[0], shape[1], 1, shape[2]});
  if (shape.size() == 4) return weights;
  if (!transposed) return reshape(weights, {shape[0], shape[1] * shape[2], shape[3], shape[4]});
  return reshape(transpose(weights, {0, 2, 1, 3, 4}), {shape[0] * shape[2], shape[1], shape[3], shape[4]});
}

Value bias_of(Context& c, uint32_t channels) {
  return c.is_none("bias") ? c.constant_operand(Constant::filled(0, {channels})) : c.tensor("bias");
}

/// "same" puts the odd element of padding behind; "valid" is none.
Axis axis_of(int32_t stride, int32_t dilation, int32_t padding, bool same, uint32_t kernel) {
  const int32_t total = dilation * (static_cast<int32_t>(kernel) - 1);
  if (same) return {stride, dilation, total / 2, total - total / 2};
  return {stride, dilation, padding, padding};
}

enum class Padding { numbers, valid, same };

Padding padding_of(const Context& c) {
  const bool named = c.node().overload == "padding" || c.op() == "aten::_convolution_mode";
  if (!named) return Padding::numbers;
  return c.string("padding") == "same" ? Padding::same : Padding::valid;
}

ConvolutionParameters parameters_of(Context& c, Value weights, size_t spatial_rank, bool transposed) {
  const auto groups = static_cast<uint32_t>(c.integer("groups"));
  ConvolutionParameters parameters{weights, bias_of(c, transposed ? weights.shape()[1] * groups : weights.shape()[0])};
  parameters.groups = groups;
  parameters.same_padding = padding_of(c) == Padding::same;
  parameters.stride = spatial_integers(c, "stride", spatial_rank, 1);
  parameters.dilation = spatial_integers(c, "dilation", spatial_rank, 1);
  if (padding_of(c) == Padding::numbers) parameters.padding = spatial_integers(c, "padding", spatial_rank, 0);
  if (transposed) parameters.output_padding = spatial_integers(c, "output_padding", spatial_rank, 0);
  return parameters;
}

// --- Volumes.

/// Which input slice each output slice reads with each tap of the filter's depth; `depth` itself where it reads zeros.
std::vector<int32_t> slices_read(const Context& c, bool transposed, int32_t depth, int32_t taps, int32_t outputs) {
  constexpr size_t spatial_rank = 3;
  const Padding named = padding_of(c);
  const auto at = [&](const char* name) { return static_cast<int32_t>(c.integers(name, spatial_rank).front()); };
  const int32_t padding = named == Padding::numbers ? at("padding") : 0;
  const Axis axis = axis_of(at("stride"), at("dilation"), padding, named == Padding::same, static_cast<uint32_t>(taps));
  std::vector<int32_t> slices;
  for (int32_t output = 0; output < outputs; ++output)
    for (int32_t tap = 0; tap < taps; ++tap) {
      // A transposed convolution writes input slice i to i * stride - padding + tap * dilation.
      const int32_t place = transposed ? output + padding - tap * axis.dilation
                                       : output * axis.stride - axis.before + tap * axis.dilation;
      const bool is_between = transposed && place % axis.stride != 0;
      const int32_t slice = transposed ? place / axis.stride : place;
      slices.push_back(is_between || place < 0 || slice >= depth ? depth : slice);
    }
  return slices;
}

/// [.., C, D, H, W] → [N * output depth, C * taps, H, W].
Value volume_as_image(Context& c, Value volume, const std::vector<int32_t>& slices, uint32_t taps) {
  const Shape shape = volume.shape();
  const size_t rank = shape.size();
  const uint32_t channels = shape[rank - 4], depth = shape[rank - 3], height = shape[rank - 2], width = shape[rank - 1];
  const uint32_t batch = rank == 5 ? shape[0] : 1;
  const auto outputs = static_cast<uint32_t>(slices.size()) / taps;
  Value stack = reshape(volume, {batch * channels, depth, height * width});
  if (std::count(slices.begin(), slices.end(), static_cast<int32_t>(depth)) > 0)
    stack = pad(stack, {{0, 0}, {0, 1}, {0, 0}});
  stack = gathered(c, stack, 1, slices);
  stack = transpose(reshape(stack, {batch, channels, outputs, taps * height * width}), {0, 2, 1, 3});
  return reshape(stack, {batch * outputs, channels * taps, height, width});
}

/// [N * depth, H, W, C] → [N, C, depth, H, W]
Value image_as_volume(Context& c, Value nhwc, uint32_t depth) {
  const Value image = to_nchw(nhwc);
  const Shape shape = image.shape();
  const uint32_t batch = shape[0] / depth, pixels = shape[2] * shape[3];
  const Value slices = transpose(reshape(image, {batch, depth, shape[1], pixels}), {0, 2, 1, 3});
  return reshape(slices, {batch, shape[1], depth, shape[2], shape[3]});
}

void lower_convolution(Context& c) {
  const std::vector<int64_t>& filter = c.info("weight").shape;
  const size_t spatial_rank = filter.size() - 2;
  const bool transposed = c.has("transposed") ? c.boolean("transposed") : c.has("output_padding");
  const ConvolutionParameters parameters = parameters_of(c, filter_of(c, transposed), spatial_rank, transposed);
  const auto convolved = [&](Value image) {
    const Value nhwc = to_nhwc(image);
    return transposed ? transposed_convolution(c, nhwc, parameters) : convolution(c, nhwc, parameters);
  };
  const Value input = c.tensor("input");
  if (spatial_rank < 3) return result_from_nhwc(c, convolved(as_image(c, input, spatial_rank)));
  const Shape result = c.result_type().shape;
  const uint32_t depth = result[result.size() - 3];
  const std::vector<int32_t> slices = slices_read(c, transposed, static_cast<int32_t>(input.shape()[input.rank() - 3]),
                                                  static_cast<int32_t>(filter[2]), static_cast<int32_t>(depth));
  const Value image = volume_as_image(c, input, slices, static_cast<uint32_t>(filter[2]));
  c.result(reshape(image_as_volume(c, convolved(image), depth), result));
}

constexpr std::string_view convolutions = "CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D";
constexpr std::string_view transposed_limits =
    "transposed with groups, dilation or output padding: weights that are computed";

const Lowering table[] = {
    {"aten::conv1d", lower_convolution, convolutions, ""},
    {"aten::conv2d", lower_convolution, convolutions, ""},
    {"aten::conv3d", lower_convolution, "GATHER, CONV_2D, GROUPED_CONV_2D", ""},
    {"aten::_convolution", lower_convolution, "CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D, TRANSPOSE_CONV_2D",
     transposed_limits},
    {"aten::convolution", lower_convolution, "CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D, TRANSPOSE_CONV_2D",
     transposed_limits},
    {"aten::_convolution_mode", lower_convolution, convolutions, ""},
    {"aten::conv_transpose1d", lower_convolution, "TRANSPOSE_CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D",
     transposed_limits},
    {"aten::conv_transpose2d", lower_convolution, "TRANSPOSE_CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D",
     transposed_limits},
    {"aten::conv_transpose3d", lower_convolution, "GATHER, TRANSPOSE_CONV_2D, GROUPED_CONV_2D", transposed_limits},
};

}  // namespace

Value convolution(Context& c, Value nhwc, const ConvolutionParameters& p) {
  const Shape kernel = p.weights.shape();
  const Window window{axis_of(p.stride.height, p.dilation.height, p.padding.height, p.same_padding, kernel[2]),
                      axis_of(p.stride.width, p.dilation.width, p.padding.width, p.same_padding, kernel[3])};
  return convolve(c, nhwc, {p.weights, p.bias, p.output}, window, p.groups);
}

Value transposed_convolution(Context& c, Value nhwc, const ConvolutionParameters& p) {
  return p.groups == 1 ? transpose_convolve(c, nhwc, p) : transpose_convolve_groups(c, nhwc, p);
}

Span<const Lowering> convolution_lowerings() { return table; }

}  // namespace passerelle::lowering
