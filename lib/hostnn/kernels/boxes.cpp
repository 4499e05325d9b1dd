// Boxes of objects: BOX_WITH_NMS_LIMIT, AXIS_ALIGNED_BBOX_TRANSFORM, GENERATE_PROPOSALS, DETECTION_POSTPROCESSING.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "kernels/image.h"

namespace passerelle::hostnn {
namespace {

// --- Suppression of boxes that overlap a better one

/// left, top, right, bottom.
float intersection_over_union(const float* a, const float* b) {
  const float width = std::max(0.0f, std::min(a[2], b[2]) - std::max(a[0], b[0]));
  const float height = std::max(0.0f, std::min(a[3], b[3]) - std::max(a[1], b[1]));
  const float shared = width * height;
  const float area_a = (a[2] - a[0]) * (a[3] - a[1]);
  const float area_b = (b[2] - b[0]) * (b[3] - b[1]);
  return shared / (area_a + area_b - shared);
}

using Indexes = std::vector<int64_t>;

/// Keeps the best candidate, drops those that it suppresses, and so on. A negative limit is none.
template <typename IsSuppressed>
Indexes suppress(const float* scores, Indexes candidates, int64_t limit, IsSuppressed&& is_suppressed) {
  Indexes kept;
  while (!candidates.empty() && (limit < 0 || static_cast<int64_t>(kept.size()) < limit)) {
    const auto best = std::max_element(candidates.begin(), candidates.end(),
                                       [&](int64_t a, int64_t b) { return scores[a] < scores[b]; });
    const int64_t index = *best;
    candidates.erase(best);
    kept.push_back(index);
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                    [&](int64_t other) { return is_suppressed(other, index); }),
                     candidates.end());
  }
  return kept;
}

/// Of scores [boxes, classes] with class 0 for the background: suppresses within each of the other classes, those above
/// `threshold`. Indexes into the scores, best first, at most `limit` in all.
template <typename IsSuppressed>
Indexes suppress_by_class(const float* scores, int64_t count, int64_t classes, float threshold, int64_t limit,
                          int64_t limit_of_class, IsSuppressed&& is_suppressed) {
  Indexes selected;
  for (int64_t category = 1; category < classes; ++category) {
    Indexes candidates;
    for (int64_t index = category; index < count * classes; index += classes)
      if (scores[index] > threshold) candidates.push_back(index);
    const Indexes kept = suppress(scores, std::move(candidates), limit_of_class, is_suppressed);
    selected.insert(selected.end(), kept.begin(), kept.end());
  }
  std::sort(selected.begin(), selected.end(), [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  if (limit >= 0 && static_cast<int64_t>(selected.size()) > limit) selected.resize(limit);
  return selected;
}

/// Suppression by one overlap for all, with a box for each score, or for each `scores_per_box`.
auto overlaps(const float* corners, float threshold, int64_t scores_per_box = 1) {
  return [=](int64_t other, int64_t best) {
    return intersection_over_union(corners + 4 * (other / scores_per_box), corners + 4 * (best / scores_per_box)) >=
           threshold;
  };
}

// --- BOX_WITH_NMS_LIMIT

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

/// [count, 4] in the order left, top, right, bottom.
void require_corners(const float* corners, int64_t count) {
  for (const float* box = corners; box < corners + 4 * count; box += 4)
    require(box[0] <= box[2] && box[1] <= box[3], "a box ends before it begins");
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

// --- AXIS_ALIGNED_BBOX_TRANSFORM

/// A box moved by `delta`: its centre by shares of its size, its size by exponentials; cut at the image's border.
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

// --- GENERATE_PROPOSALS

/// Every anchor at every pixel, moved by its delta: [height, width, anchors, 4].
Tensor propose(const Tensor& deltas, const Tensor& anchors, float stride_height, float stride_width,
               const float* image) {
  const int64_t height = deltas.size(0), width = deltas.size(1), count = anchors.size(0);
  Tensor result = at::empty({height, width, count, 4}, at::kFloat);
  const float* delta = deltas.data_ptr<float>();
  float* to = result.data_ptr<float>();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t i = 0; i < count; ++i, delta += 4, to += 4) {
        const float* anchor = anchors.data_ptr<float>() + 4 * i;
        const float right = static_cast<float>(x) * stride_width, down = static_cast<float>(y) * stride_height;
        const float box[] = {anchor[0] + right, anchor[1] + down, anchor[2] + right, anchor[3] + down};
        transform_box(box, delta, image[0], image[1], to);
      }
  return result;
}

/// Whether a box is large enough, and has its centre within the image.
bool is_proposal(const float* box, float least_size, const float* image) {
  const float width = box[2] - box[0], height = box[3] - box[1];
  return width > least_size && height > least_size && box[0] + width / 2 < image[1] && box[1] + height / 2 < image[0];
}

Indexes best_proposals(const Call& call, const float* scores, const Tensor& boxes, const float* image) {
  const float* corners = boxes.data_ptr<float>();
  Indexes candidates(boxes.numel() / 4);
  std::iota(candidates.begin(), candidates.end(), 0);
  const int64_t considered = call.integer(6);
  if (considered > 0 && considered < static_cast<int64_t>(candidates.size())) {
    std::stable_sort(candidates.begin(), candidates.end(), [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
    candidates.resize(considered);
  }
  const auto least_size = static_cast<float>(call.real(9));
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](int64_t i) { return !is_proposal(corners + 4 * i, least_size, image); }),
                   candidates.end());
  return suppress(scores, std::move(candidates), call.integer(7), overlaps(corners, static_cast<float>(call.real(8))));
}

Tensors generate_proposals(const Call& call) {
  const bool nchw = call.boolean(10);
  const Tensor scores = to_nchw(call.tensor(0), nchw).permute({0, 2, 3, 1}).contiguous();
  const Tensor deltas = to_nchw(call.tensor(1), nchw).permute({0, 2, 3, 1}).contiguous();
  const Tensor anchors = call.tensor(2).contiguous(), images = call.tensor(3).contiguous();
  require(anchors.dim() == 2 && anchors.size(0) == scores.size(3) && anchors.size(1) == 4,
          "anchors must have the shape [count, 4]");
  require(deltas.size(0) == scores.size(0) && deltas.size(1) == scores.size(1) && deltas.size(2) == scores.size(2) &&
              deltas.size(3) == 4 * scores.size(3),
          "there must be four deltas a score");
  require(images.dim() == 2 && images.size(0) == scores.size(0) && images.size(1) == 2,
          "images must have the shape [batches, 2]");
  Tensors kept_scores, kept_boxes, kept_batches;
  for (int64_t batch = 0; batch < scores.size(0); ++batch) {
    const float* image = images.data_ptr<float>() + 2 * batch;
    const Tensor score = scores[batch].reshape({-1});
    const Tensor boxes =
        propose(deltas[batch], anchors, static_cast<float>(call.real(4)), static_cast<float>(call.real(5)), image);
    const Tensor kept = at::tensor(best_proposals(call, score.data_ptr<float>(), boxes, image), at::kLong);
    kept_scores.push_back(score.index_select(0, kept));
    kept_boxes.push_back(boxes.reshape({-1, 4}).index_select(0, kept));
    kept_batches.push_back(at::full({kept.numel()}, batch, at::kInt));
  }
  return {at::cat(kept_scores), at::cat(kept_boxes), at::cat(kept_batches)};
}

// --- DETECTION_POSTPROCESSING

/// Anchors are centre y and x, height and width; boxes are top, left, bottom, right.
Tensor decode_boxes(const Call& call, const Tensor& deltas, const Tensor& anchors) {
  Tensor boxes = at::empty({anchors.size(0), 4}, at::kFloat);
  float scale[4];
  for (size_t i = 0; i < 4; ++i) scale[i] = static_cast<float>(call.real(3 + i));
  for (int64_t i = 0; i < anchors.size(0); ++i) {
    const float* anchor = anchors.data_ptr<float>() + 4 * i;
    const float* delta = deltas.data_ptr<float>() + deltas.size(1) * i;
    float* box = boxes.data_ptr<float>() + 4 * i;
    for (int axis = 0; axis < 2; ++axis) {
      const float centre = anchor[axis] + anchor[axis + 2] * delta[axis] / scale[axis];
      const float half = anchor[axis + 2] * std::exp(delta[axis + 2] / scale[axis + 2]) * 0.5f;
      box[axis] = centre - half;
      box[axis + 2] = centre + half;
    }
  }
  return boxes;
}

/// Suppression regardless of class: of each box that is kept, its best classes.
Indexes detect_by_box(const Call& call, const float* scores, int64_t classes, const float* corners, int64_t count) {
  std::vector<float> best(count);
  Indexes candidates;
  for (int64_t i = 0; i < count; ++i) {
    best[i] = *std::max_element(scores + i * classes + 1, scores + (i + 1) * classes);
    if (best[i] > static_cast<float>(call.real(11))) candidates.push_back(i);
  }
  Indexes detections;
  for (int64_t box : suppress(best.data(), std::move(candidates), call.integer(8),
                              overlaps(corners, static_cast<float>(call.real(12))))) {
    Indexes by_score(classes - 1);
    std::iota(by_score.begin(), by_score.end(), box * classes + 1);
    std::sort(by_score.begin(), by_score.end(), [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
    by_score.resize(std::min(classes - 1, call.integer(9)));
    detections.insert(detections.end(), by_score.begin(), by_score.end());
  }
  return detections;
}

Tensors detection_postprocessing(const Call& call) {
  const Tensor scores = call.tensor(0).contiguous(), deltas = call.tensor(1).contiguous();
  const Tensor anchors = call.tensor(2).contiguous();
  require(scores.dim() == 3 && deltas.dim() == 3 && anchors.dim() == 2 && anchors.size(1) == 4 &&
              scores.size(1) == anchors.size(0) && deltas.size(1) == anchors.size(0) &&
              deltas.size(0) == scores.size(0) && deltas.size(2) >= 4 && scores.size(2) > 1,
          "scores, deltas and anchors do not fit each other");
  for (size_t i = 3; i < 7; ++i) require(call.real(i) > 0, "a scale is not positive");
  const bool by_class = call.boolean(7);
  require(call.integer(8) > 0 && call.integer(by_class ? 10 : 9) > 0, "a number of detections is not positive");
  const int64_t batches = scores.size(0), count = scores.size(1), classes = scores.size(2);
  const int64_t room = by_class ? call.integer(8) : call.integer(8) * call.integer(9);
  const int64_t first_class = call.boolean(13) ? 0 : 1;
  Tensor kept_scores = at::zeros({batches, room}, at::kFloat), kept_boxes = at::zeros({batches, room, 4}, at::kFloat);
  Tensor kept_classes = at::zeros({batches, room}, at::kInt), counts = at::zeros({batches}, at::kInt);
  for (int64_t batch = 0; batch < batches; ++batch) {
    const Tensor boxes = decode_boxes(call, deltas[batch], anchors);
    const float* corners = boxes.data_ptr<float>();
    const float* score = scores[batch].data_ptr<float>();
    const Indexes kept =
        by_class ? suppress_by_class(score, count, classes, static_cast<float>(call.real(11)), call.integer(8),
                                     call.integer(10), overlaps(corners, static_cast<float>(call.real(12)), classes))
                 : detect_by_box(call, score, classes, corners, count);
    for (size_t i = 0; i < kept.size(); ++i) {
      const auto place = batch * room + static_cast<int64_t>(i);
      kept_scores.data_ptr<float>()[place] = score[kept[i]];
      kept_classes.data_ptr<int32_t>()[place] = static_cast<int32_t>(kept[i] % classes - first_class);
      std::copy_n(corners + kept[i] / classes * 4, 4, kept_boxes.data_ptr<float>() + 4 * place);
    }
    counts.data_ptr<int32_t>()[batch] = static_cast<int32_t>(kept.size());
  }
  return {kept_scores, kept_boxes, kept_classes, counts};
}

constexpr unsigned any_type = float32 | int32 | quant8 | quant16 | as_floats;

constexpr Row rows[] = {
    {OperationType::AXIS_ALIGNED_BBOX_TRANSFORM, axis_aligned_bbox_transform, any_type | zero_sized},
    {OperationType::BOX_WITH_NMS_LIMIT, box_with_nms_limit, any_type | zero_sized},
    {OperationType::DETECTION_POSTPROCESSING, detection_postprocessing, float32 | int32},
    {OperationType::GENERATE_PROPOSALS, generate_proposals, any_type},
};

}  // namespace

Span<const Row> box_rows() { return rows; }

}  // namespace passerelle::hostnn
