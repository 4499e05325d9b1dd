// Runs a graph on the host NNAPI, for tests of passes: what a pass changed must not change what the graph computes.
#pragma once

#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::tests {

using Floats = std::vector<float>;

/// Input values of the module's ports, float32, row-major in the caller's layout; drawn from a fixed seed. Those of
/// int32 ports are small whole numbers, in the bytes of floats.
std::vector<Floats> random_inputs(const graph::Module& module, uint32_t seed);

/// Writes the module as it is (arguments trimmed, nothing else), loads it, runs it. A refusal fails the test.
std::vector<Floats> execute(graph::Module module, const std::vector<Floats>& inputs);

/// What came of a conversion for a feature level.
struct Attempt {
  std::vector<graph::Diagnostic> diagnostics;  ///< why it can't be
  std::vector<Floats> outputs;                 ///< where it can
};

/// All passes for the level, then a run on a host NNAPI that claims no more. An operation above the level fails the
/// test.
Attempt attempt_at(graph::Module module, int feature_level, const std::vector<Floats>& inputs);

}  // namespace passerelle::tests
