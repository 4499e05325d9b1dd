// Sampling an image at the places of a grid.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "families.h"
#include "image.h"
#include "layers.h"
#include "passerelle/graph/ways_out.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

enum class Padding { zeros, border, reflection };  // in the order of PyTorch's numbers

/// Mirrored at both ends as often as needed.
float reflected(float place, float low, float high) {
  const float span = high - low;
  if (span <= 0) return 0;
  const float distance = std::fabs(place - low);
  const auto flips = static_cast<int64_t>(std::floor(distance / span));
  const float rest = distance - static_cast<float>(flips) * span;
  return flips % 2 == 0 ? low + rest : high - rest;
}

/// One coordinate of the grid (-1 to 1) in pixels.
float unnormalised(float coordinate, uint32_t count, bool align_corners, Padding padding) {
  const auto size = static_cast<float>(count);
  float place = align_corners ? (coordinate + 1) / 2 * (size - 1) : ((coordinate + 1) * size - 1) / 2;
  if (padding == Padding::reflection)
    place = align_corners ? reflected(place, 0, size - 1) : reflected(place, -0.5f, size - 0.5f);
  if (padding != Padding::zeros) place = std::min(std::max(place, 0.0f), size - 1);
  return place;
}

/// What an output pixel reads, and how much of it.
struct Tap {
  std::vector<int32_t> pixels;  ///< of the flat image; behind its last one there is a zero for what lies outside
  std::vector<float> weights;
};

void add(Tap& tap, float row, float column, float weight, const Shape& image) {
  const bool inside =
      row >= 0 && column >= 0 && row < static_cast<float>(image[2]) && column < static_cast<float>(image[3]);
  const auto width = static_cast<int32_t>(image[3]), count = static_cast<int32_t>(image[2] * image[3]);
  tap.pixels.push_back(inside ? static_cast<int32_t>(row) * width + static_cast<int32_t>(column) : count);
  tap.weights.push_back(inside ? weight : 0);
}

std::vector<Tap> bilinear(const std::vector<float>& rows, const std::vector<float>& columns, const Shape& image) {
  std::vector<Tap> taps(4);
  for (size_t i = 0; i < rows.size(); ++i) {
    const float top = std::floor(rows[i]), left = std::floor(columns[i]);
    const float below = rows[i] - top, right = columns[i] - left;
    add(taps[0], top, left, (1 - below) * (1 - right), image);
    add(taps[1], top, left + 1, (1 - below) * right, image);
    add(taps[2], top + 1, left, below * (1 - right), image);
    add(taps[3], top + 1, left + 1, below * right, image);
  }
  return taps;
}

std::vector<Tap> nearest(const std::vector<float>& rows, const std::vector<float>& columns, const Shape& image) {
  std::vector<Tap> taps(1);
  for (size_t i = 0; i < rows.size(); ++i) add(taps[0], std::nearbyint(rows[i]), std::nearbyint(columns[i]), 1, image);
  return taps;
}

/// With a known grid each output pixel is a sum of a few pixels with known weights.
void lower_grid_sampler(Context& c) {
  const Value image = c.tensor("input");
  if (image.rank() != 4) c.refuse(Reason::rank, "it samples a volume");
  const std::optional<Constant> grid = c.constant("grid");
  if (!grid)
    c.refuse(Reason::no_counterpart,
             "it samples at places that are computed from the input, and no rewrite of that is known",
             graph::way_out::constant_grid);
  const int64_t mode = c.integer("interpolation_mode");
  if (mode > 1) c.refuse(Reason::argument, "it samples with cubic weights", graph::way_out::bilinear);
  const Shape shape = image.shape(), output = c.result_type().shape;
  const auto padding = static_cast<Padding>(c.integer("padding_mode"));
  const bool align_corners = c.boolean("align_corners");
  const uint32_t pixels = output[2] * output[3];
  Values results;
  for (uint32_t n = 0; n < shape[0]; ++n) {
    const std::vector<float> coordinates = grid->sliced(0, n, 1).floats();
    std::vector<float> rows, columns;
    for (size_t i = 0; i < pixels; ++i) {
      columns.push_back(unnormalised(coordinates[2 * i], shape[3], align_corners, padding));
      rows.push_back(unnormalised(coordinates[2 * i + 1], shape[2], align_corners, padding));
    }
    Value one = sliced(c, image, 0, n, 1);
    one = pad(reshape(one, {shape[1], shape[2] * shape[3]}), {{0, 0}, {0, 1}});
    std::optional<Value> sum;
    for (Tap& tap : mode == 0 ? bilinear(rows, columns, shape) : nearest(rows, columns, shape)) {
      const Value picked = gathered(c, one, 1, tap.pixels);
      const Value part = picked * c.constant_operand(Constant::from(std::move(tap.weights), {1, pixels}));
      sum = sum ? *sum + part : part;
    }
    results.push_back(reshape(*sum, {1, output[1], output[2], output[3]}));
  }
  c.result(concatenate(results, 0));
}

/// The places of an image's pixels, from -1 to 1, moved by the matrix of each batch.
void lower_affine_grid(Context& c) {
  const Value theta = c.tensor("theta");
  const std::vector<int64_t> size = c.integers("size");
  if (size.size() != 4) c.refuse(Reason::rank, "it makes a grid of a volume");
  const bool align_corners = c.boolean("align_corners");
  const auto place = [&](int64_t i, int64_t count) {
    if (align_corners) return count > 1 ? -1 + 2.0 * static_cast<double>(i) / static_cast<double>(count - 1) : 0.0;
    return (2.0 * static_cast<double>(i) + 1) / static_cast<double>(count) - 1;
  };
  std::vector<float> base;
  for (int64_t row = 0; row < size[2]; ++row)
    for (int64_t column = 0; column < size[3]; ++column)
      for (double coordinate : {place(column, size[3]), place(row, size[2]), 1.0})
        base.push_back(static_cast<float>(coordinate));
  const auto pixels = static_cast<uint32_t>(size[2] * size[3]), batch = static_cast<uint32_t>(size[0]);
  // [batch * 2, 3] x [3, pixels]
  const Value moved =
      fully_connected(c, reshape(theta, {batch * 2, 3}),
                      c.constant_operand(Constant::from(std::move(base), {pixels, 3})), zero_bias(c, pixels));
  c.result(reshape(transpose(reshape(moved, {batch, 2, pixels}), {0, 2, 1}), c.result_type().shape));
}

constexpr Lowering table[] = {
    {"aten::grid_sampler", lower_grid_sampler, "GATHER, MUL, ADD",
     "grids that are computed from the input, cubic weights, volumes"},
    {"aten::grid_sampler_2d", lower_grid_sampler, "GATHER, MUL, ADD",
     "grids that are computed from the input, cubic weights"},
    {"aten::affine_grid_generator", lower_affine_grid, "FULLY_CONNECTED, TRANSPOSE", "volumes"},
};

}  // namespace

Span<const Lowering> grid_sample_lowerings() { return table; }

}  // namespace passerelle::lowering
