#include "ranges.h"

#include <cmath>
#include <random>

#include "catch.h"

using namespace passerelle;
using namespace passerelle::calibration;

namespace {

std::vector<float> normal_numbers(size_t count, float mean = 0, float deviation = 1) {
  std::mt19937 random(5);
  std::normal_distribution<float> distribution(mean, deviation);
  std::vector<float> result(count);
  for (float& each : result) each = distribution(random);
  return result;
}

Histogram histogram_of(const std::vector<float>& values) {
  Histogram histogram;
  histogram.add(values.data(), values.size());
  return histogram;
}

uint64_t in_bins(const Histogram& histogram) {
  uint64_t sum = 0;
  for (uint64_t each : histogram.bins()) sum += each;
  return sum;
}

/// What rounding to these integers really does.
double measured_loss(const std::vector<float>& values, const graph::Quantization& quantization) {
  double sum = 0;
  for (float value : values) {
    const double steps = std::nearbyint(double{value} / quantization.scale) + quantization.zero_point;
    const double given = (std::min(255.0, std::max(0.0, steps)) - quantization.zero_point) * quantization.scale;
    sum += (value - given) * (value - given);
  }
  return sum / static_cast<double>(values.size());
}

constexpr Method methods[] = {Method::min_max, Method::percentile, Method::least_squares, Method::entropy};

}  // namespace

TEST_CASE("a histogram grows with what it sees, and loses nothing") {
  Histogram histogram;
  const std::vector<float> small{0, 0.25f, -0.5f, 0}, large{1000, -3}, broken{INFINITY, NAN};
  histogram.add(small.data(), small.size());
  histogram.add(large.data(), large.size());
  histogram.add(broken.data(), broken.size());
  CHECK(histogram.count() == 6);
  CHECK(histogram.zeros() == 2);
  CHECK(in_bins(histogram) == 4);
  CHECK(histogram.lowest() == -3);
  CHECK(histogram.highest() == 1000);
  CHECK(histogram.bin_width() * Histogram::bin_count == 2 * 1024);
}

TEST_CASE("two histograms together are one of all numbers") {
  const std::vector<float> first = normal_numbers(1000), second = normal_numbers(1000, 40, 9);
  Histogram together = histogram_of(first);
  together.add(histogram_of(second));
  std::vector<float> all = first;
  all.insert(all.end(), second.begin(), second.end());
  const Histogram once = histogram_of(all);
  CHECK(together.count() == once.count());
  CHECK(together.lowest() == once.lowest());
  CHECK(together.highest() == once.highest());
  REQUIRE(together.bins().size() == once.bins().size());
  // A number may lie one bin beside its own: its place in the finer histogram was rounded first.
  uint64_t seen = 0, wanted = 0;
  for (size_t i = 0; i + 1 < once.bins().size(); ++i) {
    seen += together.bins()[i];
    wanted += once.bins()[i];
    CHECK(seen + together.bins()[i + 1] >= wanted);
    CHECK(wanted + once.bins()[i + 1] >= seen);
  }
}

TEST_CASE("channels are the last dimension's") {
  Statistics statistics;
  const std::vector<float> values{1, -2, 3, 4, 5, -6};
  statistics.add(values.data(), values.size(), 2);
  REQUIRE(statistics.channels.size() == 2);
  CHECK(statistics.mean(0) == 3);
  CHECK(statistics.mean(1) == Catch::Approx(-4.0 / 3));
  CHECK(statistics.channels[0].lowest == 0);
  CHECK(statistics.channels[1].lowest == -6);
  CHECK(statistics.channels[1].highest == 4);
}

TEST_CASE("zero is always one of the integers") {
  for (float mean : {-30.0f, -1.0f, 0.0f, 0.3f, 100.0f})
    for (Method method : methods)
      for (bool is_signed : {false, true}) {
        const Range range = range_of(histogram_of(normal_numbers(2000, mean)), method);
        CHECK(range.lowest <= 0);
        CHECK(range.highest >= 0);
        const graph::Quantization quantization = quantization_of(range, is_signed);
        CHECK(quantization.zero_point >= (is_signed ? -128 : 0));
        CHECK(quantization.zero_point <= (is_signed ? 127 : 255));
        const Range covered = range_of(quantization, is_signed);
        CHECK(covered.size() == Catch::Approx(range.size()));
        CHECK(std::abs(covered.lowest - range.lowest) <= quantization.scale * 0.5001);
      }
}

TEST_CASE("nothing but zeros has a scale too") {
  const graph::Quantization quantization =
      quantization_of(range_of(histogram_of({0, 0}), Method::least_squares), false);
  CHECK(quantization.scale == 1);
  CHECK(quantization.zero_point == 0);
}

TEST_CASE("the loss of a range is the one that rounding makes") {
  const std::vector<float> values = normal_numbers(100000, 1, 2);
  const Histogram histogram = histogram_of(values);
  for (double part : {1.0, 0.6, 0.3}) {
    const Range range{histogram.lowest() * part, histogram.highest() * part};
    const graph::Quantization quantization = quantization_of(range, false);
    CHECK(loss(histogram, range_of(quantization, false)) ==
          Catch::Approx(measured_loss(values, quantization)).epsilon(0.05));
  }
}

TEST_CASE("mse is never worse than all of the range, and cuts off what stands alone") {
  std::vector<float> values = normal_numbers(1000000);
  const Histogram plain = histogram_of(values);
  CHECK(loss(plain, range_of(plain, Method::least_squares)) <= loss(plain, range_of(plain, Method::min_max)));
  values.push_back(60);
  const Histogram with_outlier = histogram_of(values);
  CHECK(range_of(with_outlier, Method::min_max).highest == 60);
  // It costs (60 - T)^2 to end at T, and 10^6 (T + 5)^2 / 255^2 / 12 to go so far: least at T = 24.
  CHECK(range_of(with_outlier, Method::least_squares).highest == Catch::Approx(24).margin(2));
  CHECK(range_of(with_outlier, Method::entropy).highest < 60);
  CHECK(range_of(with_outlier, Method::percentile).highest < 6);
  CHECK(measured_loss(values, quantization_of(range_of(with_outlier, Method::least_squares), false)) <
        0.7 * measured_loss(values, quantization_of(range_of(with_outlier, Method::min_max), false)));
}

TEST_CASE("numbers that fill their range keep all of it") {
  std::vector<float> values;
  for (int i = 0; i <= 20000; ++i) values.push_back(static_cast<float>(i) / 20000);
  for (Method method : methods) {
    const Range range = range_of(histogram_of(values), method);
    CHECK(range.lowest == 0);
    CHECK(range.highest > 0.98);
  }
}

TEST_CASE("what no reader can tell from the end of a range does not widen it") {
  const Histogram histogram = histogram_of(normal_numbers(5000, 0, 20));
  const Histogram limited = histogram.limited_to(-8, 8);
  CHECK(limited.count() == histogram.count());
  CHECK(in_bins(limited) == in_bins(histogram));
  const Range range = range_of(limited, Method::least_squares);
  CHECK(range.lowest >= -8);
  CHECK(range.highest <= 8);
  CHECK(range.highest > 7);
}
