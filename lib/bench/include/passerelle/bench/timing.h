// How long something takes, done again and again. Needs the C++ library alone: it runs on a device too.
#pragma once

#include <functional>
#include <limits>
#include <vector>

namespace passerelle::bench {

struct Options {
  int warm_up = 3;       ///< runs that are not counted: caches, clocks and threads get ready
  int repetitions = 20;  ///< runs that are, at least one
  double seconds =
      std::numeric_limits<double>::infinity();  ///< after which no further run begins but the first counted
};

/// The value that `part` (0 to 1) of the values do not exceed, between neighbours interpolated; 0 where there are none.
double quantile(std::vector<double> values, double part);

/// Wall-clock seconds of each counted run, in order, and the processor's.
struct Timing {
  std::vector<double> seconds;
  double cpu_seconds = 0;         ///< of all threads of this process, for all counted runs together
  double lowest_cpu_seconds = 0;  ///< of the run that took least

  double total() const;
  double median() const;
  double lowest() const;
  double highest() const;
  double quantile(double part) const;
  /// How many processors were busy on average: 1 is one.
  double cpu_use() const;
};

/// Stops at the first run that returns false; what was measured until then is not to be used.
/// `then`, if there is one, is called after each counted run, and its own time is not.
Timing measure(const std::function<bool()>& run, const Options& options, bool& succeeded,
               const std::function<void()>& then = {});

/// The same for several that are to be compared. They take turns, so that what else the machine does slows down all.
std::vector<Timing> measure_in_turn(const std::vector<std::function<bool()>>& runs, const Options& options,
                                    bool& succeeded);

}  // namespace passerelle::bench
