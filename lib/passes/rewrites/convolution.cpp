// Convolutions below feature level 3, which has dilation, groups and transposition. All are exact.
//
//   dilation         → SPACE_TO_BATCH_ND, the convolution of each phase, BATCH_TO_SPACE_ND; or zeros in the filter
//   groups           → a CONV_2D with zeros in the filter for the channels of other groups; several where it grew large
//   transposition    → CONV_2D that makes all pixels of a stride's block as channels, then DEPTH_TO_SPACE
//
// They run late, when batch normalisation and activations are already part of the convolution.
#include <algorithm>

#include "rewriter.h"

namespace passerelle::passes {
namespace {

/// A filter of more numbers than this is too many zeros.
constexpr size_t largest_filter = size_t{1} << 22;

struct Axis {
  int32_t before;
  int32_t after;
  int32_t stride;
};

struct Window {
  Axis height;
  Axis width;
};

Window window_of(const Operation& operation) {
  return {{operation.integer("padding_top"), operation.integer("padding_bottom"), operation.integer("stride_height")},
          {operation.integer("padding_left"), operation.integer("padding_right"), operation.integer("stride_width")}};
}

bool has_constant_filter(Rewriter& r, const Operation& operation) {
  const OperandId filter = operation.operand("filter"), bias = operation.operand("bias");
  return r.graph().is_constant(filter) && r.graph().is_constant(bias) && r.is_float(filter);
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

/// CONV_2D with the stride 1 and no dilation, with another's activation.
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

// --- Dilation.

/// [a, height, width, b] with zeros between its taps.
OperandId spread(Rewriter& r, OperandId filter, uint32_t dilation_height, uint32_t dilation_width) {
  const Shape shape = r.shape(filter);
  const Shape wide{shape[0], (shape[1] - 1) * dilation_height + 1, (shape[2] - 1) * dilation_width + 1, shape[3]};
  const std::vector<float> values = r.graph()[filter].constant->floats();
  std::vector<float> result(graph::element_count(wide), 0.0f);
  auto from = values.begin();
  for (size_t a = 0; a < shape[0]; ++a)
    for (size_t y = 0; y < shape[1]; ++y)
      for (size_t x = 0; x < shape[2]; ++x, from += shape[3]) {
        const size_t to = ((a * wide[1] + y * dilation_height) * wide[2] + x * dilation_width) * shape[3];
        std::copy_n(from, shape[3], result.begin() + static_cast<std::ptrdiff_t>(to));
      }
  return r.floats(std::move(result), wide);
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
  if ((height == 1 && width == 1) || operation.boolean("nchw") || !r.is_float(operation.output())) return false;
  const Window window = window_of(operation);
  const Shape kernel = r.shape(operation.operand("filter"));
  const size_t spread_size =
      size_t{kernel[0]} * kernel[3] * ((kernel[1] - 1) * height + 1) * ((kernel[2] - 1) * width + 1);
  const bool single_stride = window.height.stride == 1 && window.width.stride == 1;
  const bool has_batches = r.level() >= nnapi::introduced(Op::SPACE_TO_BATCH_ND);
  const bool can_spread = has_constant_filter(r, operation) && spread_size <= largest_filter;
  if (single_stride && (has_batches || !can_spread)) {
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
  const std::vector<float> values = r.graph()[filter].constant->floats();
  std::vector<float> dense(values.size() * groups, 0.0f);
  auto from = values.begin();
  for (size_t output = 0; output < shape[0]; ++output)
    for (size_t tap = 0; tap < taps; ++tap, from += static_cast<std::ptrdiff_t>(inputs)) {
      const size_t to = ((output * taps + tap) * groups + output / outputs) * inputs;
      std::copy_n(from, inputs, dense.begin() + static_cast<std::ptrdiff_t>(to));
    }
  return r.floats(std::move(dense), {shape[0], shape[1], shape[2], shape[3] * groups});
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
  const OperandId part = r.graph().add_constant(std::move(weights));
  return convolve(r, operation, channels, ungrouped_filter(r, part, groups), r.graph().add_constant(std::move(offsets)),
                  window_of(operation), shape);
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

// --- Transposition.

/// One spatial dimension. Element q · stride + phase of the result is the sum over j of input element q - j times the
/// filter's tap phase + padding + j · stride, where there is such a tap.
struct Phases {
  int32_t stride, padding, taps;
  int32_t lowest, highest;  // j

  Phases(int32_t given_stride, int32_t given_padding, uint32_t kernel)
      : stride(given_stride),
        padding(given_padding),
        taps(static_cast<int32_t>(kernel)),
        lowest(-((stride - 1 + padding) / stride)),
        highest(floor_div(taps - 1 - padding, stride)) {}

  static int32_t floor_div(int32_t a, int32_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
  int32_t kernel() const { return highest - lowest + 1; }
  /// The filter's tap behind a tap of one phase's filter; outside of 0 .. taps-1 for none.
  int32_t tap(int32_t phase, int32_t of_phase) const { return phase + padding + (highest - of_phase) * stride; }
};

/// [stride² · out, height, width, in]: a filter for each phase.
OperandId filter_of_phases(Rewriter& r, OperandId filter, const Phases& height, const Phases& width) {
  const Shape shape = r.shape(filter);
  const size_t channels = shape[3];
  const std::vector<float> values = r.graph()[filter].constant->floats();
  const Shape wanted{static_cast<uint32_t>(height.stride * width.stride) * shape[0],
                     static_cast<uint32_t>(height.kernel()), static_cast<uint32_t>(width.kernel()), shape[3]};
  std::vector<float> result(graph::element_count(wanted), 0.0f);
  auto to = result.begin();
  auto copy_tap = [&](uint32_t output, int32_t y, int32_t x) {
    if (y >= 0 && y < height.taps && x >= 0 && x < width.taps) {
      const size_t from = ((output * shape[1] + static_cast<size_t>(y)) * shape[2] + static_cast<size_t>(x)) * channels;
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from), channels, to);
    }
    to += static_cast<std::ptrdiff_t>(channels);
  };
  for (int32_t row = 0; row < height.stride; ++row)
    for (int32_t column = 0; column < width.stride; ++column)
      for (uint32_t output = 0; output < shape[0]; ++output)
        for (int32_t y = 0; y < height.kernel(); ++y)
          for (int32_t x = 0; x < width.kernel(); ++x) copy_tap(output, height.tap(row, y), width.tap(column, x));
  return r.floats(std::move(result), wanted);
}

OperandId repeated_bias(Rewriter& r, OperandId bias, size_t times) {
  const std::vector<float> values = r.graph()[bias].constant->floats();
  std::vector<float> repeated;
  for (size_t i = 0; i < times; ++i) repeated.insert(repeated.end(), values.begin(), values.end());
  const auto size = static_cast<uint32_t>(repeated.size());
  return r.floats(std::move(repeated), {size});
}

/// Channels (row, column, channel) of a block become its pixels.
OperandId blocks_to_pixels(Rewriter& r, OperandId value, uint32_t rows, uint32_t columns) {
  const Shape shape = r.shape(value);
  const Shape pixels{shape[0], shape[1] * rows, shape[2] * columns, shape[3] / (rows * columns)};
  if (rows == columns && rows > 1) {
    TensorType output = r.type(value);
    output.shape = pixels;
    return r.emit(Op::DEPTH_TO_SPACE, {{"input", value}, {"block_size", static_cast<int32_t>(rows)}}, output);
  }
  if (rows > 1)
    value = r.transpose(r.reshape(value, {shape[0] * shape[1], shape[2], rows, shape[3] / rows}), {0, 2, 1, 3});
  return r.reshape(value, pixels);
}

/// How one dimension of the input is cropped, padded apart, and padded by the convolution.
struct Fit {
  uint32_t crop;
  uint32_t pad_apart;
  Axis axis;
  uint32_t blocks;  // of the result
};

Fit fit(const Phases& phases, uint32_t input, uint32_t output) {
  const auto stride = static_cast<uint32_t>(phases.stride);
  const auto wanted = static_cast<int32_t>((output + stride - 1) / stride);
  const int32_t crop = std::max(0, -phases.highest);
  int32_t after = std::max(0, wanted - static_cast<int32_t>(input) - phases.lowest);
  const int32_t apart = std::max(0, after - (phases.kernel() - 1));  // NNAPI refuses a padding of the whole filter
  after -= apart;
  const int32_t before = std::max(0, phases.highest);
  const int32_t padded = static_cast<int32_t>(input) - crop + apart + before + after;
  return {static_cast<uint32_t>(crop),
          static_cast<uint32_t>(apart),
          {before, after, 1},
          static_cast<uint32_t>(padded - phases.kernel() + 1)};
}

OperandId fitted(Rewriter& r, OperandId image, const Fit& height, const Fit& width) {
  const Shape shape = r.shape(image);
  image = r.slice(image, 1, height.crop, shape[1] - height.crop);
  image = r.slice(image, 2, width.crop, shape[2] - width.crop);
  if (height.pad_apart == 0 && width.pad_apart == 0) return image;
  TensorType padded = r.type(image);
  padded.shape[1] += height.pad_apart;
  padded.shape[2] += width.pad_apart;
  const std::vector<int32_t> rows{
      0, 0, 0, static_cast<int32_t>(height.pad_apart), 0, static_cast<int32_t>(width.pad_apart), 0, 0};
  const OperandId paddings = r.graph().add_constant(Constant::from(rows, {4, 2}));
  return r.emit(Op::PAD, {{"input", image}, {"paddings", paddings}}, padded);
}

bool rewrite_transposition(Rewriter& r, const Operation& operation) {
  if (!has_constant_filter(r, operation) || operation.boolean("nchw")) return false;
  const OperandId filter = operation.operand("filter");
  const Shape kernel = r.shape(filter), out = r.shape(operation.output());
  const Shape in = r.shape(operation.operand("input"));
  const Phases height(operation.integer("stride_height"), operation.integer("padding_top"), kernel[1]);
  const Phases width(operation.integer("stride_width"), operation.integer("padding_left"), kernel[2]);
  const auto rows = static_cast<uint32_t>(height.stride), columns = static_cast<uint32_t>(width.stride);
  const Fit vertical = fit(height, in[1], out[1]), horizontal = fit(width, in[2], out[2]);
  if (height.kernel() < 1 || width.kernel() < 1 || vertical.crop >= in[1] || horizontal.crop >= in[2]) return false;
  const OperandId image = fitted(r, operation.operand("input"), vertical, horizontal);
  const OperandId blocks =
      convolve(r, operation, image, filter_of_phases(r, filter, height, width),
               repeated_bias(r, operation.operand("bias"), size_t{rows} * columns), {vertical.axis, horizontal.axis},
               {in[0], vertical.blocks, horizontal.blocks, rows * columns * kernel[0]});
  const OperandId pixels = blocks_to_pixels(r, blocks, rows, columns);
  r.replace(operation, r.slice(r.slice(pixels, 1, 0, out[1]), 2, 0, out[2]));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::CONV_2D, Stage::after_layout, rewrite_dilation},
    {Op::DEPTHWISE_CONV_2D, Stage::after_layout, rewrite_dilation},
    {Op::GROUPED_CONV_2D, Stage::after_layout, rewrite_groups},
    {Op::TRANSPOSE_CONV_2D, Stage::after_layout, rewrite_transposition},
};

}  // namespace

Span<const Rewrite> convolution_rewrites() { return rewrites; }

}  // namespace passerelle::passes
