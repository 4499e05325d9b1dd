// A network in floats and in integers, operation by operation, on the same samples.
#pragma once

#include <functional>
#include <vector>

#include "choice.h"
#include "integer_graph.h"
#include "passerelle/calibration/options.h"
#include "passerelle/calibration/samples.h"
#include "passerelle/passes/pipeline.h"

namespace passerelle::calibration {

/// What was chosen for a float graph.
struct Choice {
  const graph::Module& floats;
  const Roles& roles;
  const Scales& scales;
  const BiasShifts& shifts;
};

/// Is told what an operation of the float graph, by index, makes of a sample in floats, and the same in integers. Both
/// lie as in the graph.
using Visit = std::function<void(size_t operation, const std::vector<float>& wanted, const std::vector<float>& given)>;

/// Each operation fed with what integers have made before it.
Expected<void> visit_accumulated(const Choice& choice, const IntegerGraph& made, const Samples& samples,
                                 const Options& options, const passes::Target& target, const Visit& visit);
/// Each operation fed with the floats' own numbers.
Expected<void> visit_alone(const Choice& choice, const Samples& samples, const Options& options,
                           const passes::Target& target, const Visit& visit);

/// Where floats and integers meet within the graph, QUANTIZE has to be there.
passes::Target with_borders(passes::Target target);

}  // namespace passerelle::calibration
