#include "passerelle/bench/timing.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <functional>
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

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = part * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

double Timing::total() const { return std::accumulate(seconds.begin(), seconds.end(), 0.0); }
double Timing::median() const { return quantile(0.5); }
double Timing::lowest() const { return quantile(0); }
double Timing::highest() const { return quantile(1); }

double Timing::quantile(double part) const { return bench::quantile(seconds, part); }

double Timing::cpu_use() const { return total() > 0 ? cpu_seconds / total() : 0; }

namespace {

std::vector<Timing> measure_all(const std::vector<std::function<bool()>>& runs, const Options& options, bool& succeeded,
                                const std::function<void()>& then) {
  std::vector<Timing> timings(runs.size());
  succeeded = true;
  const int counted = std::max(options.repetitions, 1);
  const Clock::time_point start = Clock::now();
  for (int round = -options.warm_up; round < counted; ++round) {
    const bool time_is_up = std::chrono::duration<double>(Clock::now() - start).count() >= options.seconds;
    if (time_is_up && round > 0) break;
    if (time_is_up) round = 0;
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
      if (then) then();
    }
  }
  return timings;
}

}  // namespace

Timing measure(const std::function<bool()>& run, const Options& options, bool& succeeded,
               const std::function<void()>& then) {
  return measure_all({run}, options, succeeded, then).front();
}

std::vector<Timing> measure_in_turn(const std::vector<std::function<bool()>>& runs, const Options& options,
                                    bool& succeeded) {
  return measure_all(runs, options, succeeded, {});
}

}  // namespace passerelle::bench
