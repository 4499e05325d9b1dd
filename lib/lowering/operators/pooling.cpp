// Pooling of images and (as images of height 1) of signals.
#include <algorithm>
#include <limits>

#include "families.h"
#include "image.h"
#include "resample.h"

namespace passerelle::lowering {
namespace {

/// How the window moves along one spatial dimension; the last windows may hang over the end by `after` elements.
struct Axis {
  int32_t kernel = 1;
  int32_t stride = 1;
  int32_t dilation = 1;
  int32_t padding = 0;  ///< as PyTorch says it, on both sides
  int32_t input = 1;
  int32_t output = 1;

  /// The padding behind that gives `output` windows; with ceil_mode more than PyTorch's own, which excludes the rest.
  int32_t after() const { return std::max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - input - padding); }
};

struct Window {
  Axis height;
  Axis width;
};

constexpr Axis whole(int32_t size) { return {1, 1, 1, 0, size, size}; }

/// One axis for each of the last `spatial_rank` dimensions of the argument `self`.
std::vector<Axis> axes_of(const Context& c, size_t spatial_rank) {
  const std::vector<int64_t> kernel = c.integers("kernel_size", spatial_rank);
  const std::vector<int64_t> stride = c.integers("stride").empty() ? kernel : c.integers("stride", spatial_rank);
  const std::vector<int64_t> padding = c.integers("padding", spatial_rank);
  const std::vector<int64_t> dilation =
      c.has("dilation") ? c.integers("dilation", spatial_rank) : std::vector<int64_t>(spatial_rank, 1);
  const std::vector<int64_t>& input = c.info("self").shape;
  const std::vector<int64_t>& output = c.result_info().shape;
  std::vector<Axis> axes;
  for (size_t i = 0; i < spatial_rank; ++i) {
    const size_t dimension = input.size() - spatial_rank + i;
    axes.push_back({static_cast<int32_t>(kernel[i]), static_cast<int32_t>(stride[i]), static_cast<int32_t>(dilation[i]),
                    static_cast<int32_t>(padding[i]), static_cast<int32_t>(input[dimension]),
                    static_cast<int32_t>(output[dimension])});
  }
  return axes;
}

/// AVERAGE_POOL_2D or MAX_POOL_2D: neither counts the elements that are padding.
Value pool(Op type, Value nhwc, const Axis& height, const Axis& width) {
  const auto slide = [](const Axis& axis) {
    return graph::Slide{axis.kernel, axis.stride, axis.padding, axis.after()};
  };
  return graph::pool(type, nhwc, slide(height), slide(width));
}

/// Zeros (or `fill`) around the image; the axes' input sizes grow and their paddings go.
Value pad_apart(Context& c, Value nhwc, Window& window, HeightWidth behind, double fill) {
  const HeightWidth before{window.height.padding, window.width.padding};
  window.height.input += before.height + behind.height;
  window.width.input += before.width + behind.width;
  window.height.padding = window.width.padding = 0;
  return pad(nhwc, {{0, 0}, {before.height, behind.height}, {before.width, behind.width}, {0, 0}}, fill);
}

// --- Maximum.

/// The maximum along one dimension of windows whose taps stand `dilation` apart: a slice a tap.
Value dilated_maximum(Context& c, Value nhwc, uint32_t dimension, const Axis& axis) {
  if (axis.kernel == 1 && axis.output == axis.input) return nhwc;
  std::optional<Value> result;
  for (int32_t tap = 0; tap < axis.kernel; ++tap) {
    const Value elements = slice(nhwc, dimension, static_cast<uint32_t>(tap * axis.dilation),
                                 static_cast<uint32_t>(axis.output), static_cast<uint32_t>(axis.stride));
    result = result ? max(*result, elements) : elements;
  }
  return *result;
}

Value maximum(Context& c, Value nhwc, Window window) {
  if (window.height.dilation == 1 && window.width.dilation == 1)
    return pool(Op::MAX_POOL_2D, nhwc, window.height, window.width);
  const HeightWidth behind{window.height.after(), window.width.after()};
  nhwc = pad_apart(c, nhwc, window, behind, std::numeric_limits<float>::lowest());
  nhwc = dilated_maximum(c, nhwc, nhwc_height, window.height);
  return dilated_maximum(c, nhwc, nhwc_width, window.width);
}

// --- Average.

/// PyTorch divides by the window's size within the padded image, without what ceil_mode adds to it; by the elements
/// within the image where count_include_pad is false, as NNAPI does; or by a given number.
Value average(Context& c, Value nhwc, Window window) {
  if (c.has("divisor_override") && !c.is_none("divisor_override"))
    nhwc = pad_apart(c, nhwc, window, {window.height.after(), window.width.after()}, 0);
  else if (c.boolean("count_include_pad"))
    nhwc = pad_apart(c, nhwc, window, {window.height.padding, window.width.padding}, 0);
  return pool(Op::AVERAGE_POOL_2D, nhwc, window.height, window.width);
}

/// Averages of whole windows, divided by another number than their elements.
Value with_divisor(Context& c, Value averages, const std::vector<Axis>& axes) {
  if (!c.has("divisor_override") || c.is_none("divisor_override")) return averages;
  double elements = 1;
  for (const Axis& axis : axes) elements *= axis.kernel;
  return averages * (elements / c.number("divisor_override"));
}

// --- One, two and three dimensions.

using PoolImage = Value (*)(Context&, Value nhwc, Window);

/// A window of three dimensions is one of the depth, then one of height and width: maxima, sums and the numbers of
/// elements are all products of the two.
Value pool_volume(Context& c, PoolImage pool_image, Value volume, const std::vector<Axis>& axes) {
  const Value columns = depth_as_height(c, volume);
  const auto pixels = static_cast<int32_t>(columns.shape()[nhwc_width]);
  const Value deep = pool_image(c, columns, {axes[0], whole(pixels)});
  const Value slices = slices_as_channels(c, deep, static_cast<uint32_t>(axes[1].input));
  return to_nchw(pool_image(c, slices, {axes[1], axes[2]}));
}

void lower_pool(Context& c, PoolImage pool_image, size_t spatial_rank) {
  const std::vector<Axis> axes = axes_of(c, spatial_rank);
  Value result = c.tensor("self");
  if (spatial_rank == 3) {
    result = pool_volume(c, pool_image, result, axes);
  } else {
    const Window window{spatial_rank == 2 ? axes[0] : whole(1), axes.back()};
    result = to_nchw(pool_image(c, to_nhwc(as_image(c, result, spatial_rank)), window));
  }
  c.result(reshape(with_divisor(c, result, axes), c.result_type().shape));
}

void lower_max_pool1d(Context& c) { lower_pool(c, maximum, 1); }
void lower_max_pool2d(Context& c) { lower_pool(c, maximum, 2); }
void lower_max_pool3d(Context& c) { lower_pool(c, maximum, 3); }
void lower_average_pool1d(Context& c) { lower_pool(c, average, 1); }
void lower_average_pool2d(Context& c) { lower_pool(c, average, 2); }
void lower_average_pool3d(Context& c) { lower_pool(c, average, 3); }

// --- Adaptive.

/// Window i of an adaptive pool: from floor(i * in / out) to ceil((i + 1) * in / out).
struct AdaptiveAxis {
  uint32_t input;
  uint32_t output;

  uint32_t begin(uint32_t i) const { return static_cast<uint32_t>(uint64_t{i} * input / output); }
  uint32_t end(uint32_t i) const { return static_cast<uint32_t>((uint64_t{i + 1} * input + output - 1) / output); }
  uint32_t size(uint32_t i) const { return end(i) - begin(i); }

  /// The pool that it is where all windows are of one size and evenly spaced.
  std::optional<Axis> as_pool() const {
    const uint32_t stride = output > 1 ? begin(1) : 1;
    for (uint32_t i = 0; i < output; ++i)
      if (size(i) != size(0) || begin(i) != i * stride) return std::nullopt;
    if (stride == 0) return std::nullopt;
    return Axis{static_cast<int32_t>(size(0)), static_cast<int32_t>(stride), 1, 0,
                static_cast<int32_t>(input),   static_cast<int32_t>(output)};
  }

  /// The windows side by side, each filled up to the largest: with its last element at weight 0.
  Resampling windows() const {
    Resampling result;
    for (uint32_t i = 0; i < output; ++i) result.taps = std::max(result.taps, size(i));
    for (uint32_t i = 0; i < output; ++i)
      for (uint32_t tap = 0; tap < result.taps; ++tap) {
        result.indices.push_back(static_cast<int32_t>(std::min(begin(i) + tap, end(i) - 1)));
        result.weights.push_back(tap < size(i) ? 1.0f / static_cast<float>(size(i)) : 0.0f);
      }
    return result;
  }
};

Axis unpooled(uint32_t size) { return whole(static_cast<int32_t>(size)); }

/// One dimension that no pool can say: its windows are gathered side by side.
Value pool_unevenly(Context& c, Op type, Value nhwc, uint32_t dimension, const AdaptiveAxis& axis) {
  const Resampling windows = axis.windows();
  if (type == Op::AVERAGE_POOL_2D) return resample(c, nhwc, dimension, windows);
  nhwc = gather_taps(c, nhwc, dimension, windows);
  if (windows.taps == 1) return nhwc;
  const auto taps = static_cast<int32_t>(windows.taps);
  const Axis pooled{taps, taps, 1, 0, static_cast<int32_t>(windows.indices.size()), static_cast<int32_t>(axis.output)};
  const Shape shape = nhwc.shape();
  return dimension == nhwc_height ? pool(type, nhwc, pooled, unpooled(shape[nhwc_width]))
                                  : pool(type, nhwc, unpooled(shape[nhwc_height]), pooled);
}

/// A reduction needs no layout, and accelerators take it at any size.
Value pool_everything(Context& c, Op type, Value image) {
  return reduce(type == Op::AVERAGE_POOL_2D ? Op::MEAN : Op::REDUCE_MAX, image, {2, 3}, true);
}

Value pool_adaptively(Context& c, Op type, Value nhwc, const AdaptiveAxis& height, const AdaptiveAxis& width) {
  const std::optional<Axis> even_height = height.as_pool(), even_width = width.as_pool();
  if (!even_height) nhwc = pool_unevenly(c, type, nhwc, nhwc_height, height);
  if (!even_width) nhwc = pool_unevenly(c, type, nhwc, nhwc_width, width);
  const Axis pool_height = even_height ? *even_height : unpooled(height.output);
  const Axis pool_width = even_width ? *even_width : unpooled(width.output);
  if (pool_height.kernel != 1 || pool_width.kernel != 1) nhwc = pool(type, nhwc, pool_height, pool_width);
  return nhwc;
}

void lower_adaptive_pool(Context& c, Op type, size_t spatial_rank) {
  const Value image = as_image(c, c.tensor("self"), std::min<size_t>(spatial_rank, 2));
  const Shape input = image.shape();
  const Shape output = c.result_type().shape;
  const AdaptiveAxis height{input[2], spatial_rank >= 2 ? output[output.size() - 2] : 1};
  const AdaptiveAxis width{input[3], output.back()};
  const uint32_t depth = spatial_rank == 3 ? output[output.size() - 3] : 1;
  if (height.output == 1 && width.output == 1 && depth == 1) {
    const Shape all{input[0], spatial_rank == 3 ? 1 : input[1], spatial_rank == 3 ? input[1] : input[2],
                    spatial_rank == 3 ? input[2] * input[3] : input[3]};
    return c.result(reshape(pool_everything(c, type, reshape(image, all)), output));
  }
  if (spatial_rank < 3) return result_from_nhwc(c, pool_adaptively(c, type, to_nhwc(image), height, width));
  // The weights of a mean over a volume are products, too.
  Value nhwc = depth_as_height(c, c.tensor("self"));
  const Shape columns = nhwc.shape();
  nhwc = pool_adaptively(c, type, nhwc, {columns[nhwc_height], depth}, {columns[nhwc_width], columns[nhwc_width]});
  result_from_nhwc(c, pool_adaptively(c, type, slices_as_channels(c, nhwc, height.input), height, width));
}

void lower_adaptive_average_pool1d(Context& c) { lower_adaptive_pool(c, Op::AVERAGE_POOL_2D, 1); }
void lower_adaptive_average_pool2d(Context& c) { lower_adaptive_pool(c, Op::AVERAGE_POOL_2D, 2); }
void lower_adaptive_average_pool3d(Context& c) { lower_adaptive_pool(c, Op::AVERAGE_POOL_2D, 3); }
void lower_adaptive_max_pool3d(Context& c) { lower_adaptive_pool(c, Op::MAX_POOL_2D, 3); }
void lower_adaptive_max_pool1d(Context& c) { lower_adaptive_pool(c, Op::MAX_POOL_2D, 1); }
void lower_adaptive_max_pool2d(Context& c) { lower_adaptive_pool(c, Op::MAX_POOL_2D, 2); }

constexpr std::string_view max_operations = "MAX_POOL_2D; dilated: STRIDED_SLICE, MAXIMUM";
constexpr std::string_view average_operations = "AVERAGE_POOL_2D, PAD, MUL";
constexpr std::string_view adaptive_average_operations = "MEAN, AVERAGE_POOL_2D, GATHER, MUL";
constexpr std::string_view adaptive_max_operations = "REDUCE_MAX, MAX_POOL_2D, GATHER";
constexpr std::string_view no_indices = "the indices";

const Lowering table[] = {
    {"aten::max_pool1d", lower_max_pool1d, max_operations, ""},
    {"aten::max_pool1d_with_indices", lower_max_pool1d, max_operations, no_indices},
    {"aten::max_pool2d", lower_max_pool2d, max_operations, ""},
    {"aten::max_pool2d_with_indices", lower_max_pool2d, max_operations, no_indices},
    {"aten::max_pool3d", lower_max_pool3d, max_operations, ""},
    {"aten::max_pool3d_with_indices", lower_max_pool3d, max_operations, no_indices},
    {"aten::avg_pool1d", lower_average_pool1d, average_operations, ""},
    {"aten::avg_pool2d", lower_average_pool2d, average_operations, ""},
    {"aten::avg_pool3d", lower_average_pool3d, average_operations, ""},
    {"aten::adaptive_avg_pool1d", lower_adaptive_average_pool1d, adaptive_average_operations, ""},
    {"aten::adaptive_avg_pool2d", lower_adaptive_average_pool2d, adaptive_average_operations, ""},
    {"aten::_adaptive_avg_pool2d", lower_adaptive_average_pool2d, adaptive_average_operations, ""},
    {"aten::adaptive_avg_pool3d", lower_adaptive_average_pool3d, adaptive_average_operations, ""},
    {"aten::_adaptive_avg_pool3d", lower_adaptive_average_pool3d, adaptive_average_operations, ""},
    {"aten::adaptive_max_pool1d", lower_adaptive_max_pool1d, adaptive_max_operations, no_indices},
    {"aten::adaptive_max_pool2d", lower_adaptive_max_pool2d, adaptive_max_operations, no_indices},
    {"aten::adaptive_max_pool3d", lower_adaptive_max_pool3d, adaptive_max_operations, no_indices},
};

}  // namespace

Span<const Lowering> pooling_lowerings() { return table; }

}  // namespace passerelle::lowering
