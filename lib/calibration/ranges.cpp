#include "ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace passerelle::calibration {
namespace {

constexpr int steps = 255;
constexpr int candidates = 128;  // a side

Range observed(const Histogram& histogram) { return {histogram.lowest(), histogram.highest()}; }

/// Sums over all bins below each, so that the loss of any range is a handful of additions.
class Sums {
 public:
  explicit Sums(const Histogram& histogram) : histogram_(histogram) {
    const std::vector<uint64_t>& bins = histogram.bins();
    count_.resize(bins.size() + 1);
    first_.resize(bins.size() + 1);
    second_.resize(bins.size() + 1);
    for (size_t i = 0; i < bins.size(); ++i) {
      const auto here = static_cast<double>(bins[i]);
      const double centre = histogram.bin_centre(i);
      count_[i + 1] = count_[i] + here;
      first_[i + 1] = first_[i] + here * centre;
      second_[i + 1] = second_[i] + here * centre * centre;
    }
  }

  /// Squared differences, summed up: those of rounding are spread evenly over a step.
  double loss(const Range& range) const {
    if (count_.size() < 2) return 0;
    const size_t below = bin_of(range.lowest), above = std::max(below, bin_of(range.highest));
    const double step = range.size() / steps;
    return squares(0, below, range.lowest) + squares(above, count_.size() - 1, range.highest) +
           (count_[above] - count_[below]) * step * step / 12;
  }

 private:
  size_t bin_of(double value) const {
    const double place = (value - histogram_.bin_centre(0)) / histogram_.bin_width() + 0.5;
    return static_cast<size_t>(std::clamp(std::round(place), 0.0, static_cast<double>(count_.size() - 1)));
  }
  double squares(size_t begin, size_t end, double from) const {
    return second_[end] - second_[begin] - 2 * from * (first_[end] - first_[begin]) +
           from * from * (count_[end] - count_[begin]);
  }

  const Histogram& histogram_;
  std::vector<double> count_, first_, second_;
};

Range least_squares(const Histogram& histogram) {
  const Range all = observed(histogram);
  const Sums sums(histogram);
  Range best = all;
  double least = sums.loss(all);
  // Both ends are cut at once: their losses are not independent, as they share the step.
  for (int low = all.lowest < 0 ? 1 : candidates; low <= candidates; ++low)
    for (int high = all.highest > 0 ? 1 : candidates; high <= candidates; ++high) {
      const Range range{all.lowest * low / candidates, all.highest * high / candidates};
      const double here = sums.loss(range);
      if (here >= least) continue;
      least = here;
      best = range;
    }
  return best;
}

/// 0.005 % may lie beyond each end.
Range percentile(const Histogram& histogram) {
  constexpr double beyond = 5e-5;
  const Range all = observed(histogram);
  const auto allowed = static_cast<uint64_t>(beyond * static_cast<double>(histogram.count()));
  const std::vector<uint64_t>& bins = histogram.bins();
  if (bins.empty()) return all;
  const double half = histogram.bin_width() / 2;
  size_t low = 0, high = bins.size() - 1;
  for (uint64_t seen = bins[low]; seen <= allowed && low < high; seen += bins[++low]) {
  }
  for (uint64_t seen = bins[high]; seen <= allowed && high > low; seen += bins[--high]) {
  }
  return {std::clamp(histogram.bin_centre(low) - half, all.lowest, 0.0),
          std::clamp(histogram.bin_centre(high) + half, 0.0, all.highest)};
}

/// Kullback and Leibler's divergence of the distribution from what 256 steps keep of it.
double divergence(const Histogram& histogram, const Range& range) {
  const std::vector<uint64_t>& bins = histogram.bins();
  const double step = range.size() / steps;
  const auto level_of = [&](double value) {
    return static_cast<size_t>(std::clamp(std::round((value - range.lowest) / step), 0.0, double{steps}));
  };
  std::vector<double> mass(steps + 1), filled(steps + 1);
  std::vector<double> kept(bins.size());  // what lies beyond an end is put into its last bin
  const auto last = static_cast<double>(bins.size() - 1);
  const auto bin_of = [&](double value) {
    return static_cast<size_t>(
        std::clamp(std::floor((value - histogram.bin_centre(0)) / histogram.bin_width() + 0.5), 0.0, last));
  };
  const size_t begin = bin_of(range.lowest), end = bin_of(range.highest);
  for (size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] == 0) continue;
    const auto here = static_cast<double>(bins[i]);
    kept[std::clamp(i, begin, end)] += here;
    if (i < begin || i > end) continue;
    mass[level_of(histogram.bin_centre(i))] += here;
    filled[level_of(histogram.bin_centre(i))] += 1;
  }
  const auto total = static_cast<double>(histogram.count() - histogram.zeros());
  double inside = 0, result = 0;
  for (double each : mass) inside += each;
  for (size_t i = begin; i <= end && inside > 0; ++i) {
    if (kept[i] == 0) continue;
    const size_t level = level_of(histogram.bin_centre(i));
    const double given = filled[level] > 0 ? mass[level] / filled[level] / inside : 0;
    constexpr double almost_none = 1e-12;
    result += kept[i] / total * std::log(kept[i] / total / std::max(given, almost_none));
  }
  return result;
}

Range least_divergence(const Histogram& histogram) {
  const Range all = observed(histogram);
  if (histogram.bins().empty()) return all;
  Range best = all;
  double least = std::numeric_limits<double>::infinity();
  constexpr int smallest = candidates / 8;
  for (int part = candidates; part >= smallest; --part) {
    const Range range{all.lowest * part / candidates, all.highest * part / candidates};
    const double here = divergence(histogram, range);
    if (here >= least) continue;
    least = here;
    best = range;
  }
  return best;
}

}  // namespace

Range range_of(const Histogram& histogram, Method method) {
  switch (method) {
    case Method::percentile: return percentile(histogram);
    case Method::least_squares: return least_squares(histogram);
    case Method::entropy: return least_divergence(histogram);
    case Method::min_max: break;
  }
  return observed(histogram);
}

double loss(const Histogram& histogram, const Range& range) {
  return histogram.count() == 0 ? 0 : Sums(histogram).loss(range) / static_cast<double>(histogram.count());
}

graph::Quantization quantization_of(const Range& range, bool is_signed) {
  graph::Quantization result;
  const double step = range.size() / steps;
  result.scale = static_cast<float>(step);
  // Too small to be told from 0 as a float32: any scale will do.
  if (!(result.scale >= std::numeric_limits<float>::min())) result.scale = 1;
  const double zero = std::nearbyint(-range.lowest / result.scale);
  result.zero_point = static_cast<int32_t>(std::clamp(zero, 0.0, double{steps})) - (is_signed ? 128 : 0);
  return result;
}

Range range_of(const graph::Quantization& quantization, bool is_signed) {
  const int32_t zero = quantization.zero_point + (is_signed ? 128 : 0);
  return {-double{quantization.scale} * zero, double{quantization.scale} * (steps - zero)};
}

}  // namespace passerelle::calibration
