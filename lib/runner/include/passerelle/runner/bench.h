// How long a compiled model takes to run. Needs the loader alone, so that it runs on a device.
#pragma once

#include <vector>

#include "passerelle/bench/timing.h"
#include "passerelle/loader/passerelle.hpp"

namespace passerelle::runner {

/// Seconds.
struct BenchResult {
  double first = 0;             ///< the first run: drivers make much ready only then
  bench::Timing runs;           ///< those that count
  std::vector<double> drivers;  ///< the same in the driver, as far as it measures them
};

/// Runs an execution whose buffers are set: once, and then as `options` say. `measured`: it was made with
/// measure_timing. False: `error` says why.
bool measure(loader::Execution& execution, const bench::Options& options, bool measured, BenchResult& result,
             loader::Error& error);

}  // namespace passerelle::runner
