#include "passerelle/runner/bench.h"

namespace passerelle::runner {

bool measure(loader::Execution& execution, const bench::Options& options, bool measured, BenchResult& result,
             loader::Error& error) {
  result = {};
  const auto run = [&] { return execution.run(error); };
  const auto ask_driver = [&] {
    if (!measured) return;
    loader::Error unmeasured;  // some drivers refuse: then there is no such time
    const passerelle_timing timing = execution.timing(unmeasured);
    if (timing.in_driver != PASSERELLE_NO_DURATION)
      result.drivers.push_back(static_cast<double>(timing.in_driver) * 1e-9);
  };
  bool succeeded = false;
  result.first = bench::measure(run, {0, 1}, succeeded).total();
  if (succeeded) result.runs = bench::measure(run, options, succeeded, ask_driver);
  return succeeded;
}

}  // namespace passerelle::runner
