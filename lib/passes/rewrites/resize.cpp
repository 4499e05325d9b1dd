// RESIZE with flags that the target lacks, and all resizing below feature level 3.
//
//   nearest neighbour  → GATHER of known rows and columns
//   bilinear           → two GATHERs and a weighted sum for each dimension: exact for any size, and without a layout of
//                        its own. Below feature level 3, which has no GATHER, a DEPTHWISE_CONV_2D for each phase of the
//                        ratio, and where there are many, a product with the matrix of weights.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "matrix.h"
#include "rewriter.h"

namespace passerelle::passes {
namespace {

/// The coordinate that a result's element has in the operand (NNAPI's RESIZE flags; the same formulas as PyTorch's).
double source_coordinate(const Operation& resize, double element, double input_size, double output_size) {
  if (resize.boolean("align_corners")) return output_size > 1 ? element * (input_size - 1) / (output_size - 1) : 0;
  const double scale = input_size / output_size;
  if (resize.boolean("half_pixel_centers")) return (element + 0.5) * scale - 0.5;
  return element * scale;
}

bool is_whole(const std::vector<int32_t>& indices, uint32_t size) {
  if (indices.size() != size) return false;
  for (uint32_t i = 0; i < size; ++i)
    if (indices[i] != static_cast<int32_t>(i)) return false;
  return true;
}

// --- Nearest neighbour.

bool rewrite_nearest(Rewriter& r, const Operation& operation) {
  if (operation.boolean("nchw")) return false;
  OperandId value = operation.operand("input");
  const Shape input = r.shape(value), output = r.shape(operation.output());
  // With half pixels the coordinate is that of the pixel's centre; with aligned corners the nearest one is taken.
  const bool rounds = operation.boolean("align_corners") || operation.boolean("half_pixel_centers");
  for (size_t axis : {1, 2}) {
    std::vector<int32_t> indices;
    for (uint32_t i = 0; i < output[axis]; ++i) {
      const double source = source_coordinate(operation, i, input[axis], output[axis]);
      const double nearest = std::floor(rounds ? source + 0.5 : source);
      indices.push_back(std::min(std::max(static_cast<int32_t>(nearest), 0), static_cast<int32_t>(input[axis]) - 1));
    }
    if (!is_whole(indices, input[axis])) value = r.gather(value, axis, indices);
  }
  r.replace(operation, value);
  return true;
}

// --- Bilinear.

/// Where a resized image samples its operand along one axis: (1 - weight) · x[low] + weight · x[low + 1], where the
/// elements at the border go on for ever.
struct Sampling {
  std::vector<int32_t> low;
  std::vector<float> weight;
  uint32_t input_size;

  int32_t clamped(int32_t element) const { return std::clamp(element, 0, static_cast<int32_t>(input_size) - 1); }
};

Sampling linear_sampling(const Operation& resize, uint32_t input_size, uint32_t output_size) {
  Sampling sampling;
  sampling.input_size = input_size;
  for (uint32_t i = 0; i < output_size; ++i) {
    const double source = source_coordinate(resize, i, input_size, output_size);
    const double low = std::floor(source);
    sampling.low.push_back(static_cast<int32_t>(low));
    sampling.weight.push_back(static_cast<float>(source - low));
  }
  return sampling;
}

/// The elements that are copied, where no result lies between two.
std::optional<std::vector<int32_t>> copied_elements(const Sampling& sampling) {
  std::vector<int32_t> elements;
  for (size_t i = 0; i < sampling.low.size(); ++i) {
    elements.push_back(sampling.clamped(sampling.low[i]));
    if (sampling.weight[i] != 0 && sampling.clamped(sampling.low[i] + 1) != elements.back()) return std::nullopt;
  }
  return elements;
}

OperandId interpolate_by_gathers(Rewriter& r, OperandId input, size_t axis, const Sampling& sampling) {
  std::vector<int32_t> low, high;
  for (int32_t each : sampling.low) {
    low.push_back(sampling.clamped(each));
    high.push_back(sampling.clamped(each + 1));
  }
  const OperandId first = r.gather(input, axis, low);
  const OperandId step = r.binary(Op::SUB, r.gather(input, axis, high), first);
  Shape along(r.shape(input).size(), 1);
  along[axis] = static_cast<uint32_t>(sampling.weight.size());
  const OperandId weight = r.floats(sampling.weight, along);
  return r.binary(Op::ADD, first, r.binary(Op::MUL, step, weight));
}

OperandId interpolate_by_matrix(Rewriter& r, OperandId input, size_t axis, const Sampling& sampling) {
  std::vector<float> matrix(sampling.low.size() * sampling.input_size, 0.0f);
  for (size_t i = 0; i < sampling.low.size(); ++i) {
    float* row = matrix.data() + i * sampling.input_size;
    row[sampling.clamped(sampling.low[i])] += 1 - sampling.weight[i];
    row[sampling.clamped(sampling.low[i] + 1)] += sampling.weight[i];
  }
  return product_along(r, input, axis, std::move(matrix));
}

/// Phases of the ratio: result elements `outputs` apart have their samples `inputs` apart, and equal weights.
struct Ratio {
  uint32_t inputs;
  uint32_t outputs;
};

Ratio ratio_of(const Operation& resize, uint32_t input_size, uint32_t output_size) {
  if (resize.boolean("align_corners")) return {input_size, output_size};  // one element alone has each phase
  const uint32_t divisor = std::gcd(input_size, output_size);
  return {input_size / divisor, output_size / divisor};
}

/// A convolution whose filter has the two weights of one phase.
OperandId convolve_phase(Rewriter& r, OperandId image, size_t axis, uint32_t first, float weight, uint32_t stride,
                         uint32_t count) {
  TensorType output = r.type(image);
  const uint32_t size = output.shape[axis], channels = output.shape[3];
  output.shape[axis] = count;
  // As short a filter as gives no more than the wanted elements.
  const int64_t surplus = int64_t{size} - int64_t{count} * stride;
  const auto taps = static_cast<uint32_t>(std::max<int64_t>(first + 1, surplus) + 1);
  std::vector<float> filter(size_t{taps} * channels, 0.0f);
  const auto at = filter.begin() + static_cast<std::ptrdiff_t>(size_t{first} * channels);
  std::fill_n(at, channels, 1 - weight);
  std::fill_n(at + channels, channels, weight);
  const bool vertical = axis == 1;
  const int32_t step = static_cast<int32_t>(stride), one = 1;
  return r.emit(
      Op::DEPTHWISE_CONV_2D,
      {{"input", image},
       {"filter", r.floats(std::move(filter), vertical ? Shape{1, taps, 1, channels} : Shape{1, 1, taps, channels})},
       {"bias", r.graph().add_constant(Constant::filled(0, {channels}))},
       {"padding_left", 0},
       {"padding_right", 0},
       {"padding_top", 0},
       {"padding_bottom", 0},
       {"stride_width", vertical ? one : step},
       {"stride_height", vertical ? step : one},
       {"depth_multiplier", 1}},
      output);
}

/// The border's elements once more, as far as samples reach.
OperandId extended(Rewriter& r, OperandId image, size_t axis, int32_t first, int32_t last, const Sampling& sampling) {
  std::vector<int32_t> indices;
  for (int32_t i = first; i <= last; ++i) indices.push_back(sampling.clamped(i));
  return is_whole(indices, sampling.input_size) ? image : r.gather(image, axis, indices);
}

OperandId interpolate_by_phases(Rewriter& r, OperandId image, size_t axis, const Sampling& sampling,
                                const Ratio& ratio) {
  const auto count = static_cast<uint32_t>(sampling.low.size() / ratio.outputs);
  const int32_t first = std::min(0, sampling.low.front());
  const int32_t last = std::max(static_cast<int32_t>(sampling.input_size) - 1, sampling.low.back() + 1);
  image = extended(r, image, axis, first, last, sampling);
  Shape result = r.shape(image);
  result[axis] = static_cast<uint32_t>(sampling.low.size());
  const AroundAxis parts = around(result, axis);
  std::vector<OperandId> phases;
  for (uint32_t phase = 0; phase < ratio.outputs; ++phase) {
    const OperandId made = convolve_phase(r, image, axis, static_cast<uint32_t>(sampling.low[phase] - first),
                                          sampling.weight[phase], ratio.inputs, count);
    phases.push_back(r.reshape(made, {parts.outer * count, 1, parts.inner}));
  }
  return r.reshape(r.concatenate(phases, 1), result);
}

OperandId interpolate(Rewriter& r, const Operation& operation, OperandId value, size_t axis, uint32_t output_size) {
  const uint32_t input_size = r.shape(value)[axis];
  const Sampling sampling = linear_sampling(operation, input_size, output_size);
  if (const auto elements = copied_elements(sampling))
    return is_whole(*elements, input_size) ? value : r.gather(value, axis, *elements);
  if (r.level() >= nnapi::introduced(Op::GATHER)) return interpolate_by_gathers(r, value, axis, sampling);
  const Ratio ratio = ratio_of(operation, input_size, output_size);
  // The matrix leaves its product to be transposed, which takes many operations below feature level 2.
  const uint32_t most_phases = r.level() >= nnapi::introduced(Op::TRANSPOSE) ? 16 : 64;
  constexpr uint32_t longest_filter = 64;
  if (ratio.outputs <= most_phases && ratio.inputs <= longest_filter)
    return interpolate_by_phases(r, value, axis, sampling, ratio);
  return interpolate_by_matrix(r, value, axis, sampling);
}

bool rewrite_bilinear(Rewriter& r, const Operation& operation) {
  // What needs NHWC is written when the layout is known.
  const bool by_gathers = r.level() >= nnapi::introduced(Op::GATHER);
  if (by_gathers != (r.stage() == Stage::before_layout)) return false;
  OperandId value = operation.operand("input");
  const Shape input = r.shape(value), output = r.shape(operation.output());
  if (operation.boolean("nchw") || !r.is_float(operation.output())) return false;
  // The axis that shrinks the image more, or enlarges it less, goes first.
  const bool height_first = uint64_t{output[1]} * input[2] <= uint64_t{output[2]} * input[1];
  for (size_t axis : {height_first ? 1 : 2, height_first ? 2 : 1})
    if (input[axis] != output[axis]) value = interpolate(r, operation, value, axis, output[axis]);
  r.replace(operation, value);
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::RESIZE_BILINEAR, Stage::before_layout, rewrite_bilinear},
    {Op::RESIZE_NEAREST_NEIGHBOR, Stage::before_layout, rewrite_nearest},
    {Op::RESIZE_BILINEAR, Stage::after_layout, rewrite_bilinear},
};

}  // namespace

Span<const Rewrite> resize_rewrites() { return rewrites; }

}  // namespace passerelle::passes
