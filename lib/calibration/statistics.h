// What was seen of a float tensor, over all samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace passerelle::calibration {

/// How often which numbers came. Bins of equal width lie around 0; a number beyond them makes all of them twice as
/// wide, so that one pass over the samples is enough. Zeros are counted apart: every choice of integers represents
/// them.
class Histogram {
 public:
  static constexpr size_t bin_count = 8192;

  /// Numbers that are not finite are left out.
  void add(const float* values, size_t count);
  void add(const Histogram& other);

  /// 0 where nothing was added.
  float lowest() const { return lowest_; }
  float highest() const { return highest_; }
  uint64_t zeros() const { return zeros_; }
  const std::vector<uint64_t>& bins() const { return bins_; }  ///< none before the first number that is not 0
  double bin_width() const { return 2 * limit_ / bin_count; }
  double bin_centre(size_t bin) const { return -limit_ + (static_cast<double>(bin) + 0.5) * bin_width(); }
  /// Of all that was added, the zeros too.
  uint64_t count() const { return count_; }
  /// Whether all numbers added are equal.
  bool is_constant() const { return !varies_; }
  /// What lies beyond an end as if it lay there; `lowest` <= 0 <= `highest`.
  Histogram limited_to(float lowest, float highest) const;

 private:
  void widen_to(double magnitude);

  std::vector<uint64_t> bins_;
  double limit_ = 0;  // the bins cover [-limit_, limit_), a power of two
  uint64_t zeros_ = 0, count_ = 0;
  float lowest_ = 0, highest_ = 0;
  float first_ = 0;  // finite number of all
  bool varies_ = false;
};

/// Of a tensor's last dimension: where pictures are NHWC, that is the channel.
struct ChannelStatistics {
  double sum = 0, squares = 0;
  float lowest = 0, highest = 0;  ///< 0 among them
};

struct Statistics {
  Histogram histogram;
  std::vector<ChannelStatistics> channels;
  uint64_t rows = 0;  ///< numbers of each channel

  void add(const float* values, size_t count, size_t channel_count);
  double mean(size_t channel) const { return rows == 0 ? 0 : channels[channel].sum / static_cast<double>(rows); }
};

}  // namespace passerelle::calibration
