#include "statistics.h"

#include <algorithm>
#include <cmath>

namespace passerelle::calibration {

void Histogram::widen_to(double magnitude) {
  if (bins_.empty()) {
    bins_.resize(bin_count);
    limit_ = std::exp2(std::floor(std::log2(magnitude)) + 1);
  }
  while (magnitude >= limit_) {
    std::vector<uint64_t> wider(bin_count);
    for (size_t i = 0; i < bin_count; ++i) wider[bin_count / 4 + i / 2] += bins_[i];
    bins_ = std::move(wider);
    limit_ *= 2;
  }
}

void Histogram::add(const float* values, size_t count) {
  float lowest = lowest_, highest = highest_;
  if (count_ == 0)
    if (const float* first = std::find_if(values, values + count, [](float each) { return std::isfinite(each); });
        first != values + count)
      first_ = *first;
  for (size_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) continue;
    varies_ = varies_ || values[i] != first_;
    lowest = std::min(lowest, values[i]);
    highest = std::max(highest, values[i]);
  }
  lowest_ = lowest;
  highest_ = highest;
  // Zeros alone need no bins.
  const double magnitude = std::max(-double{lowest}, double{highest});
  if (magnitude > 0) widen_to(magnitude);
  const double bins_a_unit = limit_ > 0 ? bin_count / (2 * limit_) : 0;
  for (size_t i = 0; i < count; ++i) {
    const float value = values[i];
    if (!std::isfinite(value)) continue;
    ++count_;
    if (value == 0)
      ++zeros_;
    else
      ++bins_[std::min(bin_count - 1, static_cast<size_t>((double{value} + limit_) * bins_a_unit))];
  }
}

void Histogram::add(const Histogram& other) {
  varies_ = varies_ || other.varies_ || (count_ > 0 && other.count_ > 0 && first_ != other.first_);
  if (count_ == 0) first_ = other.first_;
  lowest_ = std::min(lowest_, other.lowest_);
  highest_ = std::max(highest_, other.highest_);
  zeros_ += other.zeros_;
  count_ += other.count_;
  if (other.bins_.empty()) return;
  widen_to(std::nextafter(other.limit_, 0.0));
  for (size_t i = 0; i < bin_count; ++i) {
    if (other.bins_[i] == 0) continue;
    const double place = (other.bin_centre(i) + limit_) / bin_width();
    bins_[std::min(bin_count - 1, static_cast<size_t>(place))] += other.bins_[i];
  }
}

Histogram Histogram::limited_to(float lowest, float highest) const {
  Histogram result = *this;
  result.lowest_ = std::max(lowest, lowest_);
  result.highest_ = std::min(highest, highest_);
  if (bins_.empty()) return result;
  const auto bin_of = [&](float value) {
    return std::min(bin_count - 1, static_cast<size_t>((double{value} + limit_) / bin_width()));
  };
  const size_t first = bin_of(result.lowest_), last = bin_of(result.highest_);
  for (size_t i = 0; i < bin_count; ++i) {
    if (i >= first && i <= last) continue;
    result.bins_[i] = 0;
    result.bins_[i < first ? first : last] += bins_[i];
  }
  return result;
}

void Statistics::add(const float* values, size_t count, size_t channel_count) {
  histogram.add(values, count);
  if (channel_count == 0) return;
  channels.resize(channel_count);
  for (size_t first = 0; first + channel_count <= count; first += channel_count, ++rows)
    for (size_t channel = 0; channel < channel_count; ++channel) {
      const float value = values[first + channel];
      ChannelStatistics& seen = channels[channel];
      seen.sum += value;
      seen.squares += double{value} * value;
      seen.lowest = std::min(seen.lowest, value);
      seen.highest = std::max(seen.highest, value);
    }
}

}  // namespace passerelle::calibration
