#include "passerelle/runner/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace passerelle::runner {
namespace {

using Clock = std::chrono::steady_clock;

bool timed_run(loader::Execution& execution, uint64_t& duration, loader::Error& error) {
  const Clock::time_point begin = Clock::now();
  const bool done = execution.run(error);
  duration = static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count());
  return done;
}

}  // namespace

uint64_t BenchResult::quantile(const std::vector<uint64_t>& ascending, double part) {
  if (ascending.empty()) return 0;
  const double rank = std::ceil(part * static_cast<double>(ascending.size()));
  return ascending[rank < 1 ? 0 : std::min(ascending.size(), static_cast<size_t>(rank)) - 1];
}

bool bench(loader::Execution& execution, const BenchOptions& options, bool measured, BenchResult& result,
           loader::Error& error) {
  result = {};
  const Clock::time_point begin = Clock::now();
  const auto time_is_up = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count() >= options.seconds;
  };
  uint64_t duration = 0;
  if (!timed_run(execution, result.first, error)) return false;
  for (uint32_t i = 0; i < options.warm_up && !time_is_up(); ++i)
    if (!timed_run(execution, duration, error)) return false;
  for (uint32_t i = 0; i == 0 || (i < options.runs && !time_is_up()); ++i) {
    if (!timed_run(execution, duration, error)) return false;
    result.runs.push_back(duration);
    if (!measured) continue;
    loader::Error unmeasured;  // some drivers refuse: then there is no such time
    const passerelle_timing timing = execution.timing(unmeasured);
    if (timing.in_driver != PASSERELLE_NO_DURATION) result.drivers.push_back(timing.in_driver);
  }
  std::sort(result.runs.begin(), result.runs.end());
  std::sort(result.drivers.begin(), result.drivers.end());
  return true;
}

}  // namespace passerelle::runner
