// What operations on boxes share. A box is four numbers: left, top, right, bottom.
#pragma once

#include <algorithm>

#include "kernel.h"

namespace passerelle::hostnn {

using Indexes = std::vector<int64_t>;

void require_corners(const float* corners, int64_t count);

/// Corners in any order of the axes.
float intersection_over_union(const float* a, const float* b);

/// A box moved by `delta`: its centre by shares of its size, its size by exponentials; cut at the image's border.
void transform_box(const float* box, const float* delta, float image_height, float image_width, float* result);

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
inline auto overlaps(const float* corners, float threshold, int64_t scores_per_box = 1) {
  return [=](int64_t other, int64_t best) {
    return intersection_over_union(corners + 4 * (other / scores_per_box), corners + 4 * (best / scores_per_box)) >=
           threshold;
  };
}

}  // namespace passerelle::hostnn
