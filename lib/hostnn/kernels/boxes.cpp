// BOX_WITH_NMS_LIMIT and AXIS_ALIGNED_BBOX_TRANSFORM.
#include "boxes.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace passerelle::hostnn {

void require_corners(const float* corners, int64_t count) {
  for (const float* box = corners; box < corners + 4 * count; box += 4)
    require(box[0] <= box[2] && box[1] <= box[3], "a box ends before it begins");
}

float intersection_over_union(const float* a, const float* b) {
  const float width = std::max(0.0f, std::min(a[2], b[2]) - std::max(a[0], b[0]));
  const float height = std::max(0.0f, std::min(a[3], b[3]) - std::max(a[1], b[1]));
  const float shared = width * height;
  const float area_a = (a[2] - a[0]) * (a[3] - a[1]);
  const float area_b = (b[2] - b[0]) * (b[3] - b[1]);
  return shared / (area_a + area_b - shared);
}

void transform_box(const float* box, const float* delta, float image_height, float image_width, float* result) {
  const float width = box[2] - box[0], height = box[3] - box[1];
  const float x = (box[0] + box[2]) / 2 + delta[0] * width;
  const float y = (box[1] + box[3]) / 2 + delta[1] * height;
  const float half_width = std::exp(delta[2]) * width / 2, half_height = std::exp(delta[3]) * height / 2;
  const auto cut = [](float value, float size) { return std::min(std::max(value, 0.0f), size); };
  result[0] = cut(x - half_width, image_width);
  result[1] = cut(y - half_height, image_height);
  result[2] = cut(x + half_width, image_width);
  result[3] = cut(y + half_height, image_height);
}

namespace {

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

/// How many boxes follow each other with the same image index.
int64_t run_length(const int32_t* images, int64_t first, int64_t count) {
  int64_t end = first;
  while (end < count && images[end] == images[first]) ++end;
  return end - first;
}

/// Of one image, whose scores suppression lowers: indexes of what is kept, by class, then by score. Corners are [boxes,
/// classes, 4].
Indexes select(const Call& call, float* scores, const float* corners, int64_t count, int64_t classes) {
  const Decay decay = read_decay(call);
  const auto lowest_score = static_cast<float>(call.real(8));
  const auto is_suppressed = [&](int64_t other, int64_t best) {
    scores[other] *= decay(intersection_over_union(corners + 4 * other, corners + 4 * best));
    return scores[other] < lowest_score;
  };
  const int64_t limit = call.integer(4);
  Indexes selected =
      suppress_by_class(scores, count, classes, static_cast<float>(call.real(3)), limit, limit, is_suppressed);
  std::sort(selected.begin(), selected.end(), [&](int64_t a, int64_t b) {
    return a % classes == b % classes ? scores[a] > scores[b] : a % classes < b % classes;
  });
  return selected;
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
  Indexes selected;
  Indexes image_of_selected;
  for (int64_t first = 0; first < count;) {
    const int64_t length = run_length(images.data_ptr<int32_t>(), first, count);
    const float* first_corners = corners.data_ptr<float>() + first * classes * 4;
    require_corners(first_corners, length * classes);
    for (int64_t index : select(call, scores.data_ptr<float>() + first * classes, first_corners, length, classes)) {
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

Tensors axis_aligned_bbox_transform(const Call& call) {
  const Tensor boxes = call.tensor(0).contiguous(), deltas = call.tensor(1).contiguous();
  const Tensor batches = call.tensor(2).contiguous(), images = call.tensor(3).contiguous();
  require(boxes.dim() == 2 && boxes.size(1) == 4 && deltas.dim() == 2 && deltas.size(0) == boxes.size(0) &&
              deltas.size(1) % 4 == 0 && batches.numel() == boxes.size(0),
          "boxes must have the shape [count, 4], with deltas and a batch index each");
  require(images.dim() == 2 && images.size(1) == 2, "images must have the shape [batches, 2]");
  require_corners(boxes.data_ptr<float>(), boxes.size(0));
  Tensor result = at::empty(deltas.sizes(), at::kFloat);
  for (int64_t i = 0; i < boxes.size(0); ++i) {
    const int32_t batch = batches.data_ptr<int32_t>()[i];
    require(batch >= 0 && batch < images.size(0), "a batch index out of range");
    const float* image = images.data_ptr<float>() + 2 * batch;
    for (int64_t at = i * deltas.size(1); at < (i + 1) * deltas.size(1); at += 4)
      transform_box(boxes.data_ptr<float>() + 4 * i, deltas.data_ptr<float>() + at, image[0], image[1],
                    result.data_ptr<float>() + at);
  }
  return {result};
}

constexpr unsigned accepted = float32 | int32 | quant8 | quant16 | as_floats | zero_sized;

constexpr Row rows[] = {
    {OperationType::AXIS_ALIGNED_BBOX_TRANSFORM, axis_aligned_bbox_transform, accepted},
    {OperationType::BOX_WITH_NMS_LIMIT, box_with_nms_limit, accepted},
};

}  // namespace

Span<const Row> box_rows() { return rows; }

}  // namespace passerelle::hostnn
