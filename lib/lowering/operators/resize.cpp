// Interpolation, and the operators that move elements between channels and pixels.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "families.h"
#include "image.h"
#include "resample.h"

namespace passerelle::lowering {
namespace {

/// One spatial dimension of a resize, as PyTorch sees it. It computes coordinates in float32: so do we.
struct Axis {
  uint32_t input = 1;
  uint32_t output = 1;
  std::optional<double> scale;  ///< as given to the operator, which may differ from output / input
  bool align_corners = false;
  bool one_channel = false;

  /// Input elements for each output element.
  float ratio() const {
    if (align_corners) return output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1) : 0.0f;
    if (scale && *scale > 0) return static_cast<float>(1.0 / *scale);
    return static_cast<float>(input) / static_cast<float>(output);
  }
  bool keeps_pixels() const { return input == output && ratio() == 1.0f; }
  float coordinate(uint32_t position) const {
    const auto at = static_cast<float>(position);
    return align_corners ? ratio() * at : ratio() * (at + 0.5f) - 0.5f;
  }
  /// Whether a RESIZE, which knows sizes only, reads from the same coordinates.
  bool has_ratio_of_sizes() const {
    if (align_corners) return true;
    const float sizes = static_cast<float>(input) / static_cast<float>(output);
    return std::abs(ratio() - sizes) <= 2e-7f * sizes;
  }
};

struct Axes {
  Axis height;
  Axis width;
};

/// The given scale of one dimension: "scale_factors", or "scales_h" and "scales_w", or (signals) "scales".
std::optional<double> scale_of(const Context& c, std::string_view name, size_t position) {
  if (!c.is_none("scale_factors")) return c.numbers("scale_factors").at(position);
  if (c.is_none(name)) return std::nullopt;
  return c.number(name);
}

Axes axes_of(Context& c, const Shape& image, size_t spatial_rank) {
  const Shape output = c.result_type().shape;
  const bool align_corners = c.has("align_corners") && c.boolean("align_corners");
  const bool one_channel = spatial_rank == 2 && image[1] == 1;
  const Axis width{image[3], output.back(), scale_of(c, spatial_rank == 1 ? "scales" : "scales_w", spatial_rank - 1),
                   align_corners, one_channel};
  if (spatial_rank == 1) return {{1, 1, std::nullopt, align_corners}, width};
  return {{image[2], output[output.size() - 2], scale_of(c, "scales_h", 0), align_corners, one_channel}, width};
}

/// RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR to the given size; nothing where the size stays.
Value resize(Context& c, Op type, Value nhwc, uint32_t height, uint32_t width, bool align_corners,
             bool half_pixel_centers) {
  if (nhwc.size(nhwc_height) == height && nhwc.size(nhwc_width) == width) return nhwc;
  return c.builder().emit(type, {{"input", nhwc},
                                 {"output_width", static_cast<int32_t>(width)},
                                 {"output_height", static_cast<int32_t>(height)},
                                 {"align_corners", align_corners},
                                 {"half_pixel_centers", half_pixel_centers}});
}

/// Gives to RESIZE what it can say, and resamples the dimensions that it can't.
Value resize_or_resample(Context& c, Op type, Value nhwc, const Axes& axes, bool half_pixel_centers,
                         const std::optional<Resampling>& height, const std::optional<Resampling>& width) {
  const uint32_t resized_height = height ? axes.height.input : axes.height.output;
  const uint32_t resized_width = width ? axes.width.input : axes.width.output;
  nhwc = resize(c, type, nhwc, resized_height, resized_width, axes.width.align_corners, half_pixel_centers);
  if (height) nhwc = resample(c, nhwc, nhwc_height, *height);
  if (width) nhwc = resample(c, nhwc, nhwc_width, *width);
  return nhwc;
}

// --- Nearest neighbour.

enum class Nearest { asymmetric, exact };

/// PyTorch has two kernels that differ where a given scale does not agree with the sizes. We follow the one for
/// contiguous NCHW tensors; images of one channel go to the one for channels-last tensors, which they are as well.
bool ignores_scale(const Axis& axis) {
  return axis.one_channel && (axis.output == axis.input || axis.output == 2 * axis.input);
}

int32_t nearest_index(const Axis& axis, uint32_t position, Nearest kind) {
  if (kind == Nearest::asymmetric && ignores_scale(axis))
    return static_cast<int32_t>(axis.output == axis.input ? position : position / 2);
  const float offset = kind == Nearest::exact ? 0.5f : 0.0f;
  const float coordinate = std::floor((static_cast<float>(position) + offset) * axis.ratio());
  return std::min(static_cast<int32_t>(coordinate), static_cast<int32_t>(axis.input) - 1);
}

Resampling nearest(const Axis& axis, Nearest kind) {
  Resampling result;
  for (uint32_t i = 0; i < axis.output; ++i) result.indices.push_back(nearest_index(axis, i, kind));
  result.weights.assign(axis.output, 1.0f);
  return result;
}

/// The dimension's indices, unless RESIZE_NEAREST_NEIGHBOR picks the same ones.
std::optional<Resampling> unlike_resize(const Axis& axis, Nearest kind) {
  Resampling wanted = nearest(axis, kind);
  const Resampling resized = nearest({axis.input, axis.output, std::nullopt, false}, kind);
  if (wanted.indices == resized.indices) return std::nullopt;
  return wanted;
}

void lower_nearest(Context& c, size_t spatial_rank, Nearest kind) {
  const Value image = as_image(c, c.is_tensor("input") ? c.tensor("input") : c.tensor("self"), spatial_rank);
  const Axes axes = axes_of(c, image.shape(), spatial_rank);
  result_from_nhwc(c, resize_or_resample(c, Op::RESIZE_NEAREST_NEIGHBOR, to_nhwc(image), axes, kind == Nearest::exact,
                                         unlike_resize(axes.height, kind), unlike_resize(axes.width, kind)));
}

void lower_nearest1d(Context& c) { lower_nearest(c, 1, Nearest::asymmetric); }
void lower_nearest2d(Context& c) { lower_nearest(c, 2, Nearest::asymmetric); }
void lower_nearest_exact1d(Context& c) { lower_nearest(c, 1, Nearest::exact); }
void lower_nearest_exact2d(Context& c) { lower_nearest(c, 2, Nearest::exact); }

// --- Linear.

Resampling linear(const Axis& axis) {
  Resampling result;
  result.taps = 2;
  for (uint32_t i = 0; i < axis.output; ++i) {
    const float coordinate = std::max(0.0f, axis.coordinate(i));
    const int32_t first = std::min(static_cast<int32_t>(coordinate), static_cast<int32_t>(axis.input) - 1);
    const float second_weight = std::min(coordinate - static_cast<float>(first), 1.0f);
    result.indices.insert(result.indices.end(), {first, std::min(first + 1, static_cast<int32_t>(axis.input) - 1)});
    result.weights.insert(result.weights.end(), {1.0f - second_weight, second_weight});
  }
  return result;
}

/// The dimension's taps, unless RESIZE_BILINEAR uses the same ones. PyTorch copies a dimension that keeps its size.
std::optional<Resampling> unlike_bilinear(const Axis& axis) {
  if (axis.input == axis.output || axis.has_ratio_of_sizes()) return std::nullopt;
  return linear(axis);
}

void lower_linear_resize(Context& c, size_t spatial_rank) {
  const Value image = as_image(c, c.is_tensor("input") ? c.tensor("input") : c.tensor("self"), spatial_rank);
  const Axes axes = axes_of(c, image.shape(), spatial_rank);
  result_from_nhwc(c, resize_or_resample(c, Op::RESIZE_BILINEAR, to_nhwc(image), axes, !axes.width.align_corners,
                                         unlike_bilinear(axes.height), unlike_bilinear(axes.width)));
}

void lower_linear1d(Context& c) { lower_linear_resize(c, 1); }
void lower_bilinear2d(Context& c) { lower_linear_resize(c, 2); }

// --- Volumes: the depth by itself, then the slices.

/// One dimension of a volume, as an axis of the node's arguments.
Axis axis_of_volume(const Context& c, const Shape& volume, size_t dimension, std::string_view scale) {
  const std::vector<int64_t>& output = c.result_info().shape;
  return {volume[volume.size() - 3 + dimension], static_cast<uint32_t>(output[output.size() - 3 + dimension]),
          scale_of(c, scale, dimension), c.has("align_corners") && c.boolean("align_corners")};
}

void resize_volume(Context& c, Resampling (*resampling)(const Axis&)) {
  const Value volume = c.is_tensor("input") ? c.tensor("input") : c.tensor("self");
  const Axis depth = axis_of_volume(c, volume.shape(), 0, "scales_d");
  const Axis height = axis_of_volume(c, volume.shape(), 1, "scales_h");
  const Axis width = axis_of_volume(c, volume.shape(), 2, "scales_w");
  const auto resized = [&](Value nhwc, uint32_t dimension, const Axis& axis) {
    return axis.keeps_pixels() ? nhwc : resample(c, nhwc, dimension, resampling(axis));
  };
  const Value columns = resized(depth_as_height(c, volume), nhwc_height, depth);
  Value slices = slices_as_channels(c, columns, height.input);
  slices = resized(slices, nhwc_height, height);
  result_from_nhwc(c, resized(slices, nhwc_width, width));
}

Resampling nearest_of_volume(const Axis& axis) { return nearest(axis, Nearest::asymmetric); }
Resampling nearest_exact_of_volume(const Axis& axis) { return nearest(axis, Nearest::exact); }

void lower_nearest3d(Context& c) { resize_volume(c, nearest_of_volume); }
void lower_nearest_exact3d(Context& c) { resize_volume(c, nearest_exact_of_volume); }
void lower_trilinear3d(Context& c) { resize_volume(c, linear); }

// --- Cubic.

/// Cubic convolution with a = -0.75, at distance `x`.
double cubic_weight(double x) {
  constexpr double a = -0.75;
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

Resampling cubic(const Axis& axis) {
  if (axis.keeps_pixels()) return nearest(axis, Nearest::asymmetric);
  Resampling result;
  result.taps = 4;
  for (uint32_t i = 0; i < axis.output; ++i) {
    const float coordinate = axis.coordinate(i);
    const float first = std::floor(coordinate);
    const double fraction = coordinate - first;
    for (int32_t tap = -1; tap <= 2; ++tap) {
      result.indices.push_back(std::clamp(static_cast<int32_t>(first) + tap, 0, static_cast<int32_t>(axis.input) - 1));
      result.weights.push_back(static_cast<float>(cubic_weight(fraction - tap)));
    }
  }
  return result;
}

void lower_bicubic2d(Context& c) {
  const Value image = c.is_tensor("input") ? c.tensor("input") : c.tensor("self");
  const Axes axes = axes_of(c, image.shape(), 2);
  Value nhwc = resample(c, to_nhwc(image), nhwc_height, cubic(axes.height));
  result_from_nhwc(c, resample(c, nhwc, nhwc_width, cubic(axes.width)));
}

// --- Antialiased: the filter is stretched by the ratio when it shrinks.

double triangle_weight(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Cubic convolution with a = -0.5, which PyTorch takes here.
double antialiased_cubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double sinc(double x) { return x == 0 ? 1 : std::sin(M_PI * x) / (M_PI * x); }

/// A sinc in the window of a wider one.
double lanczos_weight(double x) { return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0; }

Resampling antialiased(const Axis& axis, double (*weight)(double), double radius) {
  if (axis.keeps_pixels()) return nearest(axis, Nearest::asymmetric);
  const double ratio = axis.ratio();
  const double stretch = std::max(1.0, ratio);
  const double support = radius * stretch;
  const auto input = static_cast<int32_t>(axis.input);
  auto first = [&](uint32_t i) { return std::max(0, static_cast<int32_t>(ratio * (i + 0.5) - support + 0.5)); };
  auto end = [&](uint32_t i) { return std::min(input, static_cast<int32_t>(ratio * (i + 0.5) + support + 0.5)); };
  Resampling result;
  for (uint32_t i = 0; i < axis.output; ++i)
    result.taps = std::max(result.taps, static_cast<uint32_t>(std::max(1, end(i) - first(i))));
  for (uint32_t i = 0; i < axis.output; ++i) {
    std::vector<double> weights;
    double total = 0;
    for (int32_t at = first(i); at < end(i); ++at) {
      weights.push_back(weight((at - ratio * (i + 0.5) + 0.5) / stretch));
      total += weights.back();
    }
    weights.resize(result.taps, 0);
    for (uint32_t tap = 0; tap < result.taps; ++tap) {
      result.indices.push_back(std::min(first(i) + static_cast<int32_t>(tap), input - 1));
      result.weights.push_back(static_cast<float>(total == 0 ? weights[tap] : weights[tap] / total));
    }
  }
  return result;
}

void lower_antialiased(Context& c, double (*weight)(double), double radius) {
  const Value image = c.is_tensor("input") ? c.tensor("input") : c.tensor("self");
  const Axes axes = axes_of(c, image.shape(), 2);
  Value nhwc = resample(c, to_nhwc(image), nhwc_width, antialiased(axes.width, weight, radius));
  result_from_nhwc(c, resample(c, nhwc, nhwc_height, antialiased(axes.height, weight, radius)));
}

void lower_antialiased_bilinear2d(Context& c) { lower_antialiased(c, triangle_weight, 1); }
void lower_antialiased_bicubic2d(Context& c) { lower_antialiased(c, antialiased_cubic_weight, 2); }
void lower_antialiased_lanczos2d(Context& c) { lower_antialiased(c, lanczos_weight, 3); }

// --- Channels and pixels.

/// Channel group * (C / groups) + i becomes i * groups + group.
Value shuffle_channels(Context& c, Value value, uint32_t groups, uint32_t axis) {
  const uint32_t channels = value.shape()[axis];
  if (groups == 1 || groups == channels) return value;
  return channel_shuffle(value, groups, axis);
}

/// PyTorch's channel is (channel, row, column), NNAPI's (row, column, channel).
void lower_pixel_shuffle(Context& c) {
  const auto factor = static_cast<uint32_t>(c.integer("upscale_factor"));
  const Value nhwc = to_nhwc(as_image(c, c.tensor("self"), 2));
  const Value shuffled = shuffle_channels(c, nhwc, nhwc.size(nhwc_channels) / (factor * factor), nhwc_channels);
  result_from_nhwc(c, factor == 1 ? shuffled : depth_to_space(shuffled, factor));
}

void lower_pixel_unshuffle(Context& c) {
  const auto factor = static_cast<uint32_t>(c.integer("downscale_factor"));
  const Value nhwc = to_nhwc(as_image(c, c.tensor("self"), 2));
  if (factor == 1) return result_from_nhwc(c, nhwc);
  result_from_nhwc(c, shuffle_channels(c, space_to_depth(nhwc, factor), factor * factor, nhwc_channels));
}

void lower_channel_shuffle(Context& c) {
  c.result(shuffle_channels(c, c.tensor("self"), static_cast<uint32_t>(c.integer("groups")), 1));
}

constexpr std::string_view nearest_operations = "RESIZE_NEAREST_NEIGHBOR, GATHER";
constexpr std::string_view linear_operations = "RESIZE_BILINEAR; other scales: GATHER, MUL, AVERAGE_POOL_2D";
constexpr std::string_view resampling_operations = "GATHER, MUL, AVERAGE_POOL_2D";

const Lowering table[] = {
    {"aten::upsample_nearest1d", lower_nearest1d, nearest_operations, ""},
    {"aten::upsample_nearest2d", lower_nearest2d, nearest_operations, ""},
    {"aten::_upsample_nearest_exact1d", lower_nearest_exact1d, nearest_operations, ""},
    {"aten::_upsample_nearest_exact2d", lower_nearest_exact2d, nearest_operations, ""},
    {"aten::upsample_linear1d", lower_linear1d, linear_operations, ""},
    {"aten::upsample_bilinear2d", lower_bilinear2d, linear_operations, ""},
    {"aten::upsample_nearest3d", lower_nearest3d, "GATHER", ""},
    {"aten::_upsample_nearest_exact3d", lower_nearest_exact3d, "GATHER", ""},
    {"aten::upsample_trilinear3d", lower_trilinear3d, resampling_operations, ""},
    {"aten::upsample_bicubic2d", lower_bicubic2d, resampling_operations, ""},
    {"aten::_upsample_bilinear2d_aa", lower_antialiased_bilinear2d, resampling_operations, ""},
    {"aten::_upsample_bicubic2d_aa", lower_antialiased_bicubic2d, resampling_operations, ""},
    {"aten::_upsample_lanczos2d_aa", lower_antialiased_lanczos2d, resampling_operations, ""},
    {"aten::pixel_shuffle", lower_pixel_shuffle, "CHANNEL_SHUFFLE, DEPTH_TO_SPACE", ""},
    {"aten::pixel_unshuffle", lower_pixel_unshuffle, "SPACE_TO_DEPTH, CHANNEL_SHUFFLE", ""},
    {"aten::channel_shuffle", lower_channel_shuffle, "CHANNEL_SHUFFLE", ""},
    {"aten::native_channel_shuffle", lower_channel_shuffle, "CHANNEL_SHUFFLE", ""},
};

}  // namespace

Span<const Lowering> resize_lowerings() { return table; }

}  // namespace passerelle::lowering
