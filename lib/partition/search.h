// Which operators go to NNAPI, and into which part: a state that the search changes a little at a time.
#pragma once

#include "flow.h"

namespace passerelle::partition {

/// For each node whether it goes to NNAPI; for those that do the stage, which is its part. A stage is how often a path
/// to the node changes sides at most: no path leaves a stage and comes back, for each change counts one up.
struct Assignment {
  std::vector<bool> goes;
  std::vector<uint32_t> stage;
  double nanoseconds = 0;
};

/// Everything that may go does.
std::vector<bool> all_that_may(const Flow& flow);

/// The cheaper of two ways to number the stages: as early as can be, and with operators that only a later part reads
/// in that part.
Assignment assigned(const Flow& flow, const Costs& costs, std::vector<bool> goes);

/// Changes it one operator or one group of connected operators at a time, always the one that gains most, while
/// anything is gained.
Assignment improved(const Flow& flow, const Costs& costs, Assignment from);

}  // namespace passerelle::partition
