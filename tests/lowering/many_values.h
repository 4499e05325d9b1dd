// Cases that do different things with different values of their inputs.
#pragma once

#include "harness.h"

namespace passerelle::tests {

/// Traces the case with one set of values and runs what comes of it on `count` others as well, at feature levels 4, 6
/// and 8: for branches and loops, which take different ways with each. Below level 4 the passes must say that 4 is
/// needed, if `needs_control_flow`. Returns how many different values the last output has had: a model that returns its
/// count of steps, or the branch that it took, tells that the ways were different indeed.
size_t require_for_values(const Case& test, int count, bool needs_control_flow = true);

}  // namespace passerelle::tests
