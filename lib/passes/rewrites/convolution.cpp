// Convolutions below feature level 3, which has dilation and groups. Both are exact, of floats and of integers.
//
//   dilation         → SPACE_TO_BATCH_ND, the convolution of each phase, BATCH_TO_SPACE_ND; or zeros in the filter, as
//                      always with integers
//   groups           → a CONV_2D with zeros in the filter for the channels of other groups; several where it grew large
//
// They run late, when batch normalisation and activations are already part of the convolution.
#include "convolution.h"

#include <algorithm>

namespace passerelle::passes {

bool has_constant_filter(Rewriter& r, const Operation& operation) {
  const OperandId filter = operation.operand("filter"), bias = operation.operand("bias");
  const OperandType type = r.type(filter).type;
  return r.graph().is_constant(filter) && r.graph().is_constant(bias) &&
         (type == OperandType::TENSOR_FLOAT32 || type == OperandType::TENSOR_QUANT8_ASYMM);
}

FilterValues values_of_filter(Rewriter& r, OperandId filter) {
  const bool is_quantized = nnapi::is_quantized(r.type(filter).type);
  return {r.graph()[filter].constant->floats(),
          is_quantized ? static_cast<float>(r.type(filter).quantization.zero_point) : 0.0f};
}

OperandId filter_of(Rewriter& r, OperandId like, std::vector<float> values, const Shape& shape) {
  if (r.is_float(like)) return r.floats(std::move(values), shape);
  const Constant integers = Constant::from(std::vector<int32_t>(values.begin(), values.end()), shape);
  return r.graph().add_constant(integers.converted(graph::ElementType::quint8), r.type(like).quantization);
}

OperandId convolve(Rewriter& r, const Operation& like, OperandId input, OperandId filter, OperandId bias,
                   const Window& window, const Shape& shape) {
  TensorType output = r.type(like.output());
  output.shape = shape;
  const Argument activation = like.integer("activation");
  return r.emit(Op::CONV_2D,
                {{"input", input},
                 {"filter", filter},
                 {"bias", bias},
                 {"padding_left", window.width.before},
                 {"padding_right", window.width.after},
                 {"padding_top", window.height.before},
                 {"padding_bottom", window.height.after},
                 {"stride_width", window.width.stride},
                 {"stride_height", window.height.stride},
                 {"activation", activation}},
                std::move(output));
}

namespace {

/// A filter of more numbers than this is too many zeros.
constexpr size_t largest_filter = size_t{1} << 22;

Window window_of(const Operation& operation) {
  return {{operation.integer("padding_top"), operation.integer("padding_bottom"), operation.integer("stride_height")},
          {operation.integer("padding_left"), operation.integer("padding_right"), operation.integer("stride_width")}};
}

/// The same convolution with other operands and paddings.
OperandId again(Rewriter& r, const Operation& operation, OperandId input, OperandId filter, const Window& window,
                const Shape& shape) {
  Operation copy = operation;
  copy.argument("input") = input;
  copy.argument("filter") = filter;
  copy.argument("padding_top") = window.height.before;
  copy.argument("padding_bottom") = window.height.after;
  copy.argument("padding_left") = window.width.before;
  copy.argument("padding_right") = window.width.after;
  copy.argument("dilation_height") = std::monostate{};
  copy.argument("dilation_width") = std::monostate{};
  TensorType output = r.type(operation.output());
  output.shape = shape;
  copy.outputs = {r.graph().add_operand(std::move(output))};
  const OperandId result = copy.output();
  r.editor().keep(std::move(copy));
  return result;
}

// --- Dilation.

/// [a, height, width, b] with zeros between its taps.
OperandId spread(Rewriter& r, OperandId filter, uint32_t dilation_height, uint32_t dilation_width) {
  const Shape shape = r.shape(filter);
  const Shape wide{shape[0], (shape[1] - 1) * dilation_height + 1, (shape[2] - 1) * dilation_width + 1, shape[3]};
  const auto [values, zero] = values_of_filter(r, filter);
  std::vector<float> result(graph::element_count(wide), zero);
  auto from = values.begin();
  for (size_t a = 0; a < shape[0]; ++a)
    for (size_t y = 0; y < shape[1]; ++y)
      for (size_t x = 0; x < shape[2]; ++x, from += shape[3]) {
        const size_t to = ((a * wide[1] + y * dilation_height) * wide[2] + x * dilation_width) * shape[3];
        std::copy_n(from, shape[3], result.begin() + static_cast<std::ptrdiff_t>(to));
      }
  return filter_of(r, filter, std::move(result), wide);
}

/// Each phase of the pixels is an image of its own, in which neighbours lie a dilation apart.
OperandId convolve_phases(Rewriter& r, const Operation& operation, uint32_t dilation_height, uint32_t dilation_width) {
  const OperandId filter = operation.operand("filter");
  const Shape in = r.shape(operation.operand("input")), kernel = r.shape(filter), out = r.shape(operation.output());
  const Window window = window_of(operation);
  auto rounded = [](uint32_t size, const Axis& axis, uint32_t dilation) {
    const uint32_t padded = size + static_cast<uint32_t>(axis.before + axis.after);
    return (padded + dilation - 1) / dilation;
  };
  const uint32_t height = rounded(in[1], window.height, dilation_height);
  const uint32_t width = rounded(in[2], window.width, dilation_width);
  const auto bottom = static_cast<int32_t>(height * dilation_height - in[1]) - window.height.before;
  const auto right = static_cast<int32_t>(width * dilation_width - in[2]) - window.width.before;
  const OperandId sizes =
      r.editor().list({static_cast<int32_t>(dilation_height), static_cast<int32_t>(dilation_width)});
  const std::vector<int32_t> paddings{window.height.before, bottom, window.width.before, right};
  TensorType phases = r.type(operation.operand("input"));
  phases.shape = {in[0] * dilation_height * dilation_width, height, width, in[3]};
  const OperandId split = r.emit(Op::SPACE_TO_BATCH_ND,
                                 {{"input", operation.operand("input")},
                                  {"block_sizes", sizes},
                                  {"paddings", r.graph().add_constant(Constant::from(paddings, {2, 2}))}},
                                 phases);
  const Shape convolved{phases.shape[0], height - kernel[1] + 1, width - kernel[2] + 1, out[3]};
  const OperandId result = again(r, operation, split, filter, {{0, 0, 1}, {0, 0, 1}}, convolved);
  TensorType joined = r.type(result);
  joined.shape = {in[0], convolved[1] * dilation_height, convolved[2] * dilation_width, out[3]};
  const OperandId whole = r.emit(Op::BATCH_TO_SPACE_ND, {{"input", result}, {"block_sizes", sizes}}, joined);
  return r.slice(r.slice(whole, 1, 0, out[1]), 2, 0, out[2]);
}

bool rewrite_dilation(Rewriter& r, const Operation& operation) {
  const auto height = static_cast<uint32_t>(operation.integer("dilation_height"));
  const auto width = static_cast<uint32_t>(operation.integer("dilation_width"));
  const bool is_float = r.is_float(operation.output());
  if ((height == 1 && width == 1) || operation.boolean("nchw")) return false;
  if (!is_float && !has_constant_filter(r, operation)) return false;
  const Window window = window_of(operation);
  const Shape kernel = r.shape(operation.operand("filter"));
  const size_t spread_size =
      size_t{kernel[0]} * kernel[3] * ((kernel[1] - 1) * height + 1) * ((kernel[2] - 1) * width + 1);
  const bool single_stride = window.height.stride == 1 && window.width.stride == 1;
  const bool has_batches = r.level() >= nnapi::introduced(Op::SPACE_TO_BATCH_ND);
  const bool can_spread = has_constant_filter(r, operation) && spread_size <= largest_filter;
  // A border of quantized zeros came later.
  if (is_float && single_stride && (has_batches || !can_spread)) {
    r.replace(operation, convolve_phases(r, operation, height, width));
    return true;
  }
  if (!can_spread) return false;
  const OperandId filter = spread(r, operation.operand("filter"), height, width);
  r.replace(operation, again(r, operation, operation.operand("input"), filter, window, r.shape(operation.output())));
  return true;
}

// --- Groups.

/// [out, height, width, in / groups] → [out, height, width, in], with zeros for the channels of other groups.
OperandId ungrouped_filter(Rewriter& r, OperandId filter, uint32_t groups) {
  const Shape shape = r.shape(filter);
  const size_t taps = size_t{shape[1]} * shape[2], inputs = shape[3], outputs = shape[0] / groups;
  const auto [values, zero] = values_of_filter(r, filter);
  std::vector<float> dense(values.size() * groups, zero);
  auto from = values.begin();
  for (size_t output = 0; output < shape[0]; ++output)
    for (size_t tap = 0; tap < taps; ++tap, from += static_cast<std::ptrdiff_t>(inputs)) {
      const size_t to = ((output * taps + tap) * groups + output / outputs) * inputs;
      std::copy_n(from, inputs, dense.begin() + static_cast<std::ptrdiff_t>(to));
    }
  return filter_of(r, filter, std::move(dense), {shape[0], shape[1], shape[2], shape[3] * groups});
}

/// Part of the groups as one CONV_2D.
OperandId convolve_part(Rewriter& r, const Operation& operation, uint32_t first, uint32_t groups) {
  const OperandId filter = operation.operand("filter"), bias = operation.operand("bias");
  const auto all = static_cast<uint32_t>(operation.integer("num_groups"));
  const uint32_t inputs = r.shape(filter)[3], outputs = r.shape(filter)[0] / all;
  Shape shape = r.shape(operation.output());
  shape[3] = outputs * groups;
  const OperandId channels = r.slice(operation.operand("input"), 3, first * inputs, groups * inputs);
  Constant weights = r.graph()[filter].constant->sliced(0, first * outputs, groups * outputs);
  Constant offsets = r.graph()[bias].constant->sliced(0, first * outputs, groups * outputs);
  const OperandId part = r.graph().add_constant(std::move(weights), r.type(filter).quantization);
  const OperandId part_of_bias = r.graph().add_constant(std::move(offsets), r.type(bias).quantization);
  return convolve(r, operation, channels, ungrouped_filter(r, part, groups), part_of_bias, window_of(operation), shape);
}

/// As few parts as keep the filters, zeros included, from growing large.
uint32_t parts_of(uint32_t groups, size_t filter_size) {
  constexpr size_t large = size_t{1} << 19;
  uint32_t parts = 1;
  while (parts < groups && (groups % parts != 0 || filter_size * (groups / parts) > large)) ++parts;
  return parts;
}

bool rewrite_groups(Rewriter& r, const Operation& operation) {
  if (!has_constant_filter(r, operation) || operation.boolean("nchw")) return false;
  const auto groups = static_cast<uint32_t>(operation.integer("num_groups"));
  const uint32_t parts = parts_of(groups, graph::element_count(r.shape(operation.operand("filter"))));
  std::vector<OperandId> results;
  for (uint32_t part = 0; part < parts; ++part)
    results.push_back(convolve_part(r, operation, part * (groups / parts), groups / parts));
  r.replace(operation, r.concatenate(results, 3));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::CONV_2D, Stage::after_layout, rewrite_dilation, true},
    {Op::DEPTHWISE_CONV_2D, Stage::after_layout, rewrite_dilation, true},
    {Op::GROUPED_CONV_2D, Stage::after_layout, rewrite_groups, true},
};

}  // namespace

Span<const Rewrite> convolution_rewrites() { return rewrites; }

}  // namespace passerelle::passes
