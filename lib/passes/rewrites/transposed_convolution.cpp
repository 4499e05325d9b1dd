// TRANSPOSE_CONV_2D below feature level 3, exactly, of floats and of integers: a CONV_2D that makes all pixels of a
// stride's block as channels, then DEPTH_TO_SPACE. It runs late, when batch normalisation and activations are already
// part of the convolution.
#include <algorithm>

#include "convolution.h"

namespace passerelle::passes {
namespace {

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
  const FilterValues given = values_of_filter(r, filter);
  const std::vector<float>& elements = given.values;
  const Shape wanted{static_cast<uint32_t>(height.stride * width.stride) * shape[0],
                     static_cast<uint32_t>(height.kernel()), static_cast<uint32_t>(width.kernel()), shape[3]};
  std::vector<float> result(graph::element_count(wanted), given.zero);
  auto to = result.begin();
  auto copy_tap = [&](uint32_t output, int32_t y, int32_t x) {
    if (y >= 0 && y < height.taps && x >= 0 && x < width.taps) {
      const size_t from = ((output * shape[1] + static_cast<size_t>(y)) * shape[2] + static_cast<size_t>(x)) * channels;
      std::copy_n(elements.begin() + static_cast<std::ptrdiff_t>(from), channels, to);
    }
    to += static_cast<std::ptrdiff_t>(channels);
  };
  for (int32_t row = 0; row < height.stride; ++row)
    for (int32_t column = 0; column < width.stride; ++column)
      for (uint32_t output = 0; output < shape[0]; ++output)
        for (int32_t y = 0; y < height.kernel(); ++y)
          for (int32_t x = 0; x < width.kernel(); ++x) copy_tap(output, height.tap(row, y), width.tap(column, x));
  return filter_of(r, filter, std::move(result), wanted);
}

OperandId repeated_bias(Rewriter& r, OperandId bias, uint32_t times) {
  const uint32_t outputs = r.shape(bias)[0];
  const Constant one = r.graph()[bias].constant->reshaped({1, outputs});
  const Constant repeated = one.broadcast_to({times, outputs}).reshaped({times * outputs});
  return r.graph().add_constant(repeated, r.type(bias).quantization);
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
               repeated_bias(r, operation.operand("bias"), rows * columns), {vertical.axis, horizontal.axis},
               {in[0], vertical.blocks, horizontal.blocks, rows * columns * kernel[0]});
  const OperandId pixels = blocks_to_pixels(r, blocks, rows, columns);
  r.replace(operation, r.slice(r.slice(pixels, 1, 0, out[1]), 2, 0, out[2]));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::TRANSPOSE_CONV_2D, Stage::after_layout, rewrite_transposition, true},
};

}  // namespace

Span<const Rewrite> transposed_convolution_rewrites() { return rewrites; }

}  // namespace passerelle::passes
