// The float graph with integers where they were chosen.
#pragma once

#include <map>
#include <vector>

#include "choice.h"

namespace passerelle::calibration {

struct IntegerGraph {
  graph::Module module;
  std::map<graph::OperandId, graph::OperandId> integers;  ///< of float operands; ids are `module`'s own
};

/// What is taken from a layer's bias, by its result in the float graph, for each channel.
using BiasShifts = std::map<graph::OperandId, std::vector<double>>;

/// QUANTIZE and DEQUANTIZE stand where integers and floats meet. Operands of `floats` keep their ids; the graph is to
/// be run through all passes again.
///
/// `isolated`: every operation stays float, and beside it stands the one on integers, fed with the floats' own numbers;
/// `integers` are the results of these, and no one reads them yet.
IntegerGraph integer_graph(const graph::Module& floats, const Roles& roles, const Scales& scales,
                           const BiasShifts& shifts, const Options& options, nnapi::FeatureLevel level,
                           bool isolated = false);

}  // namespace passerelle::calibration
