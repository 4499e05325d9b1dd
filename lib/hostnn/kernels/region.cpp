// Regions of images: BOX_WITH_NMS_LIMIT and ROI_ALIGN. LibTorch has neither.
#include <algorithm>
#include <cmath>
#include <functional>

#include "kernels/image.h"

namespace passerelle::hostnn {
namespace {

// --- BOX_WITH_NMS_LIMIT

/// left, top, right, bottom.
float intersection_over_union(const float* a, const float* b) {
  const float width = std::max(0.0f, std::min(a[2], b[2]) - std::max(a[0], b[0]));
  const float height = std::max(0.0f, std::min(a[3], b[3]) - std::max(a[1], b[1]));
  const float shared = width * height;
  const float area_a = (a[2] - a[0]) * (a[3] - a[1]);
  const float area_b = (b[2] - b[0]) * (b[3] - b[1]);
  return shared / (area_a + area_b - shared);
}

/// What an overlap leaves of a score.
using Decay = std::function<float(float)>;

Decay read_decay(const Call& call) {
  const auto threshold = static_cast<float>(call.real(6));
  const auto sigma = static_cast<float>(call.real(7));
  switch (call.integer(5)) {
    case 0: return [threshold](float overlap) { return overlap < threshold ? 1.0f : 0.0f; };
    case 1: return [threshold](float overlap) { return overlap < threshold ? 1.0f : 1.0f - overlap; };
    case 2: return [sigma](float overlap) { return std::exp(-overlap * overlap / sigma); };
  }
  refuse("there is no suppression kernel " + std::to_string(call.integer(5)));
}

/// The boxes of one image: scores [boxes, classes], which suppression lowers, and corners [boxes, classes, 4].
struct Boxes {
  float* scores;
  const float* corners;
  int64_t count;
  int64_t classes;
};

/// Keeps the best box, lowers what overlaps it, and so on. Indexes into the scores, best first.
std::vector<int64_t> suppress(const Boxes& boxes, std::vector<int64_t> candidates, const Decay& decay,
                              float lowest_score, int64_t limit) {
  std::vector<int64_t> kept;
  while (!candidates.empty() && (limit < 0 || static_cast<int64_t>(kept.size()) < limit)) {
    const auto best = std::max_element(candidates.begin(), candidates.end(),
                                       [&](int64_t a, int64_t b) { return boxes.scores[a] < boxes.scores[b]; });
    const int64_t index = *best;
    candidates.erase(best);
    kept.push_back(index);
    const auto is_suppressed = [&](int64_t other) {
      boxes.scores[other] *= decay(intersection_over_union(boxes.corners + 4 * other, boxes.corners + 4 * index));
      return boxes.scores[other] < lowest_score;
    };
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(), is_suppressed), candidates.end());
  }
  return kept;
}

/// Of one image: indexes of what is kept, by class, then by score. Class 0 is the background.
std::vector<int64_t> select(const Boxes& boxes, const Decay& decay, float threshold, float lowest_score,
                            int64_t limit) {
  std::vector<int64_t> selected;
  for (int64_t category = 1; category < boxes.classes; ++category) {
    std::vector<int64_t> candidates;
    for (int64_t box = 0; box < boxes.count; ++box) {
      const int64_t index = box * boxes.classes + category;
      if (boxes.scores[index] > threshold) candidates.push_back(index);
    }
    const std::vector<int64_t> kept = suppress(boxes, std::move(candidates), decay, lowest_score, limit);
    selected.insert(selected.end(), kept.begin(), kept.end());
  }
  const auto is_better = [&](int64_t a, int64_t b) { return boxes.scores[a] > boxes.scores[b]; };
  std::sort(selected.begin(), selected.end(), is_better);
  if (limit >= 0 && static_cast<int64_t>(selected.size()) > limit) selected.resize(limit);
  std::sort(selected.begin(), selected.end(), [&](int64_t a, int64_t b) {
    const int64_t class_a = a % boxes.classes, class_b = b % boxes.classes;
    return class_a == class_b ? is_better(a, b) : class_a < class_b;
  });
  return selected;
}

/// How many boxes follow each other with the same image index.
int64_t run_length(const int32_t* images, int64_t first, int64_t count) {
  int64_t end = first;
  while (end < count && images[end] == images[first]) ++end;
  return end - first;
}

Tensors box_with_nms_limit(const Call& call) {
  const Tensor scores = call.tensor(0).clone(at::MemoryFormat::Contiguous);
  const Tensor corners = call.tensor(1).contiguous();
  const Tensor images = call.tensor(2).contiguous();
  require(scores.dim() == 2 && corners.dim() == 2 && images.dim() == 1, "scores and corners must have rank 2");
  const int64_t count = scores.size(0);
  const int64_t classes = scores.size(1);
  require(corners.size(0) == count && corners.size(1) == classes * 4 && images.size(0) == count,
          "one box a score is needed");
  const Decay decay = read_decay(call);
  std::vector<int64_t> selected;
  std::vector<int64_t> image_of_selected;
  for (int64_t first = 0; first < count;) {
    const int64_t length = run_length(images.data_ptr<int32_t>(), first, count);
    const Boxes boxes{scores.data_ptr<float>() + first * classes, corners.data_ptr<float>() + first * classes * 4,
                      length, classes};
    for (int64_t i = 0; i < length * classes; ++i) {
      const float* box = boxes.corners + 4 * i;
      require(box[0] <= box[2] && box[1] <= box[3], "a box ends before it begins");
    }
    for (int64_t index : select(boxes, decay, call.real(3), call.real(8), call.integer(4))) {
      selected.push_back(first * classes + index);
      image_of_selected.push_back(first);
    }
    first += length;
  }
  const Tensor indices = at::tensor(selected, at::kLong);
  return {scores.reshape({-1}).index_select(0, indices), corners.reshape({-1, 4}).index_select(0, indices),
          at::remainder(indices, classes).to(at::kInt),
          images.index_select(0, at::tensor(image_of_selected, at::kLong))};
}

// --- ROI_ALIGN

struct Grid {
  int64_t height = 0;
  int64_t width = 0;
  int64_t samples_height = 0;  ///< a cell; 0: as many as pixels fit in
  int64_t samples_width = 0;
  float scale_height = 1;  ///< of the regions' coordinates to the image's
  float scale_width = 1;
};

/// Two neighbours on an axis, and how far between them.
struct Between {
  int64_t first;
  int64_t second;
  float fraction;
};

Between neighbours(float position, int64_t size) {
  const auto first = static_cast<int64_t>(std::floor(position));
  if (first >= size - 1) return {size - 1, size - 1, 0.0f};
  return {first, first + 1, position - static_cast<float>(first)};
}

/// Adds the value at (y, x), interpolated, of all channels. `image` is [height, width, channels].
void add_sample(const at::TensorAccessor<float, 3>& image, float y, float x, float* sums) {
  const Between rows = neighbours(y, image.size(0));
  const Between columns = neighbours(x, image.size(1));
  for (int64_t channel = 0; channel < image.size(2); ++channel) {
    const float top = image[rows.first][columns.first][channel] * (1 - columns.fraction) +
                      image[rows.first][columns.second][channel] * columns.fraction;
    const float bottom = image[rows.second][columns.first][channel] * (1 - columns.fraction) +
                         image[rows.second][columns.second][channel] * columns.fraction;
    sums[channel] += top * (1 - rows.fraction) + bottom * rows.fraction;
  }
}

/// `region` is left, top, right, bottom; `result` is [grid.height, grid.width, channels], zeros.
void align_region(const at::TensorAccessor<float, 3>& image, const float* region, const Grid& grid, float* result) {
  const float left = region[0] * grid.scale_width, right = region[2] * grid.scale_width;
  const float top = region[1] * grid.scale_height, bottom = region[3] * grid.scale_height;
  require(left >= 0 && top >= 0 && right <= image.size(1) && bottom <= image.size(0), "a region outside of the image");
  require(left <= right && top <= bottom, "a region that ends before it begins");
  const float cell_width = std::max(right - left, 1.0f) / static_cast<float>(grid.width);
  const float cell_height = std::max(bottom - top, 1.0f) / static_cast<float>(grid.height);
  const int64_t columns = grid.samples_width > 0 ? grid.samples_width : static_cast<int64_t>(std::ceil(cell_width));
  const int64_t rows = grid.samples_height > 0 ? grid.samples_height : static_cast<int64_t>(std::ceil(cell_height));
  const float step_x = cell_width / static_cast<float>(columns);
  const float step_y = cell_height / static_cast<float>(rows);
  const int64_t channels = image.size(2);
  for (int64_t i = 0; i < grid.height; ++i) {
    for (int64_t j = 0; j < grid.width; ++j, result += channels) {
      for (int64_t row = 0; row < rows; ++row) {
        const float y = cell_height * i + top + step_y / 2 + step_y * row;
        for (int64_t column = 0; column < columns; ++column)
          add_sample(image, y, cell_width * j + left + step_x / 2 + step_x * column, result);
      }
      for (int64_t channel = 0; channel < channels; ++channel) result[channel] /= static_cast<float>(rows * columns);
    }
  }
}

Tensors roi_align(const Call& call) {
  const bool nchw = call.boolean(9);
  const Tensor image = to_nchw(call.tensor(0), nchw).permute({0, 2, 3, 1});
  const Tensor regions = call.tensor(1).contiguous();
  const Tensor batches = call.tensor(2).contiguous();
  require(image.numel() > 0, "an image without elements");
  require(regions.dim() == 2 && regions.size(1) == 4 && batches.numel() == regions.size(0),
          "regions must have the shape [count, 4], with one batch index each");
  Grid grid;
  grid.height = call.integer(3);
  grid.width = call.integer(4);
  require(grid.height > 0 && grid.width > 0 && call.real(5) > 0 && call.real(6) > 0 && call.integer(7) >= 0 &&
              call.integer(8) >= 0,
          "sizes and ratios must be positive");
  grid.scale_height = 1.0f / static_cast<float>(call.real(5));
  grid.scale_width = 1.0f / static_cast<float>(call.real(6));
  grid.samples_height = call.integer(7);
  grid.samples_width = call.integer(8);
  const Tensor result = at::zeros({regions.size(0), grid.height, grid.width, image.size(3)}, at::kFloat);
  const auto pixels = image.accessor<float, 4>();
  for (int64_t i = 0; i < regions.size(0); ++i) {
    const int32_t batch = batches.data_ptr<int32_t>()[i];
    require(batch >= 0 && batch < image.size(0), "a batch index out of range");
    align_region(pixels[batch], regions.data_ptr<float>() + 4 * i, grid, result[i].data_ptr<float>());
  }
  return {nchw ? result.permute({0, 3, 1, 2}) : result};
}

constexpr Row rows[] = {
    {OperationType::BOX_WITH_NMS_LIMIT, box_with_nms_limit, float32 | int32 | zero_sized},
    {OperationType::ROI_ALIGN, roi_align, float32 | int32 | zero_sized},
};

}  // namespace

Span<const Row> region_rows() { return rows; }

}  // namespace passerelle::hostnn
