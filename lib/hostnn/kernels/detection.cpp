// GENERATE_PROPOSALS and DETECTION_POSTPROCESSING.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "boxes.h"
#include "image.h"

namespace passerelle::hostnn {
namespace {

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

constexpr Row rows[] = {
    {OperationType::DETECTION_POSTPROCESSING, detection_postprocessing, float32 | int32},
    {OperationType::GENERATE_PROPOSALS, generate_proposals, float32 | int32 | quant8 | quant16 | as_floats},
};

}  // namespace

Span<const Row> detection_rows() { return rows; }

}  // namespace passerelle::hostnn
