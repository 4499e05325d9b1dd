// How long a compiled model takes to run. Needs the loader alone, so that it runs on a device.
#pragma once

#include <cstdint>
#include <vector>

#include "passerelle/loader/passerelle.hpp"

namespace passerelle::runner {

struct BenchOptions {
  uint32_t warm_up = 5;   ///< runs before those that count, besides the first
  uint32_t runs = 50;     ///< that count, unless the time is up before
  double seconds = 30.0;  ///< after which no further run begins; one that counts is always made
};

/// Nanoseconds.
struct BenchResult {
  uint64_t first = 0;             ///< the first run: drivers make much ready only then
  std::vector<uint64_t> runs;     ///< those that count, in ascending order
  std::vector<uint64_t> drivers;  ///< the same in the driver, ascending, as far as it measures them; else empty

  uint64_t median() const { return quantile(runs, 0.5); }
  /// The smallest duration that the given part (0 to 1) of all durations doesn't exceed; 0 where there are none.
  static uint64_t quantile(const std::vector<uint64_t>& ascending, double part);
};

/// Runs an execution whose buffers are set. `measured`: it was made with measure_timing. False: `error` says why.
bool bench(loader::Execution& execution, const BenchOptions& options, bool measured, BenchResult& result,
           loader::Error& error);

}  // namespace passerelle::runner
