// HEATMAP_MAX_KEYPOINT.
#include <algorithm>
#include <cmath>

#include "image.h"

namespace passerelle::hostnn {
namespace {

/// A maximum between pixels: how far from the middle of a 3×3 grid, and how high.
struct Peak {
  float x = 0;
  float y = 0;
  float score = 0;
};

/// By Taylor's series of second order. A grid without a peak keeps its middle.
Peak refine(const float (&grid)[3][3], float tolerance) {
  const float slope_x = (grid[1][2] - grid[1][0]) / 2, slope_y = (grid[2][1] - grid[0][1]) / 2;
  const float xx = grid[1][0] - 2 * grid[1][1] + grid[1][2];
  const float yy = grid[0][1] - 2 * grid[1][1] + grid[2][1];
  const float xy = (grid[2][2] - grid[2][0] - grid[0][2] + grid[0][0]) / 4;
  const float determinant = xx * yy - xy * xy;
  Peak peak;
  peak.score = grid[1][1];
  if (std::abs(determinant) < tolerance + tolerance * xx * yy) return peak;
  peak.x = (xy * slope_y - yy * slope_x) / determinant;
  peak.y = (xy * slope_x - xx * slope_y) / determinant;
  const float farthest = std::max(std::abs(peak.x), std::abs(peak.y));
  if (farthest > 1.5f) {
    peak.x *= 1.5f / farthest;
    peak.y *= 1.5f / farthest;
  }
  peak.score += slope_x * peak.x + slope_y * peak.y +
                ((xx * peak.x + xy * peak.y) * peak.x + (xy * peak.x + yy * peak.y) * peak.y) / 2;
  return peak;
}

/// The highest point of a map [size, size], in pixels from its corner; neighbours beyond the border are mirrored.
Peak find_peak(const float* map, int64_t size, float tolerance) {
  const int64_t highest = std::max_element(map, map + size * size) - map;
  const int64_t row = highest / size, column = highest % size;
  const auto mirrored = [&](int64_t i) { return i < 0 ? 1 : i >= size ? size - 2 : i; };
  float grid[3][3];
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 3; ++j) grid[i][j] = map[mirrored(row + i - 1) * size + mirrored(column + j - 1)];
  Peak peak = refine(grid, tolerance);
  peak.x += static_cast<float>(column) + 0.5f;
  peak.y += static_cast<float>(row) + 0.5f;
  return peak;
}

Tensors heatmap_max_keypoint(const Call& call) {
  const Tensor maps = to_nchw(call.tensor(0), call.boolean(2)).contiguous();
  const Tensor boxes = call.tensor(1).contiguous();
  const int64_t count = maps.size(0), keypoints = maps.size(1), size = maps.size(2);
  require(size >= 2 && maps.size(3) == size, "a heatmap must be a square of at least 2 pixels");
  require(boxes.dim() == 2 && boxes.size(0) == count && boxes.size(1) == 4, "boxes must have the shape [count, 4]");
  const float tolerance = call.input_type(0) == OperandType::TENSOR_FLOAT16 ? 1e-3f : 1e-5f;
  Tensor scores = at::empty({count, keypoints}, at::kFloat);
  Tensor points = at::empty({count, keypoints, 2}, at::kFloat);
  for (int64_t i = 0; i < count * keypoints; ++i) {
    const float* box = boxes.data_ptr<float>() + 4 * (i / keypoints);
    require(box[0] <= box[2] && box[1] <= box[3], "a box ends before it begins");
    const Peak peak = find_peak(maps.data_ptr<float>() + i * size * size, size, tolerance);
    scores.data_ptr<float>()[i] = peak.score;
    float* point = points.data_ptr<float>() + 2 * i;
    point[0] = peak.x / static_cast<float>(size) * (box[2] - box[0]) + box[0];
    point[1] = peak.y / static_cast<float>(size) * (box[3] - box[1]) + box[1];
  }
  return {scores, points};
}

constexpr Row rows[] = {
    {OperationType::HEATMAP_MAX_KEYPOINT, heatmap_max_keypoint, float32 | quant8 | quant16 | as_floats},
};

}  // namespace

Span<const Row> keypoint_rows() { return rows; }

}  // namespace passerelle::hostnn
