#include "passerelle/bench/timing.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <numeric>

namespace passerelle::bench {
namespace {

using Clock = std::chrono::steady_clock;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

double Timing::total() const { return std::accumulate(seconds.begin(), seconds.end(), 0.0); }
double Timing::median() const { return quantile(0.5); }
double Timing::lowest() const { return quantile(0); }
double Timing::highest() const { return quantile(1); }

double Timing::quantile(double part) const {
  if (seconds.empty()) return 0;
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const double place = part * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

double Timing::cpu_use() const { return total() > 0 ? cpu_seconds / total() : 0; }

Timing measure(const std::function<bool()>& run, const Options& options, bool& succeeded) {
  return measure_in_turn({run}, options, succeeded).front();
}

std::vector<Timing> measure_in_turn(const std::vector<std::function<bool()>>& runs, const Options& options,
                                    bool& succeeded) {
  std::vector<Timing> timings(runs.size());
  succeeded = true;
  const int counted = std::max(options.repetitions, 1);
  for (int round = -options.warm_up; round < counted; ++round) {
    for (size_t i = 0; i < runs.size(); ++i) {
      const double cpu_before = cpu_seconds();
      const Clock::time_point begin = Clock::now();
      if (!(succeeded = runs[i]())) return timings;
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      if (round < 0) continue;
      const double cpu = cpu_seconds() - cpu_before;
      Timing& timing = timings[i];
      timing.lowest_cpu_seconds = timing.seconds.empty() ? cpu : std::min(timing.lowest_cpu_seconds, cpu);
      timing.seconds.push_back(seconds);
      timing.cpu_seconds += cpu;
    }
  }
  return timings;
}

}  // namespace passerelle::bench
