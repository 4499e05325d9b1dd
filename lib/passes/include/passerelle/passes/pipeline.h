// Module → module, from what the operators mean to what the target level can run.
#pragma once

#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/graph.h"
#include "passerelle/nnapi/operand_type.h"

namespace passerelle::passes {

struct Target {
  nnapi::FeatureLevel feature_level = 3;
  bool removes_float_islands = true;  ///< dequantize → operation → quantize becomes the operation on integers
};

/// Runs every pass, in the order that pipeline.cpp lists. What the target cannot run is returned, each with the level
/// from which it works; where nothing is returned the module can be written: the arguments of each operation are then
/// NNAPI's positional list (trailing ones at their defaults are dropped), and every operation is legal at the target
/// level.
std::vector<graph::Diagnostic> run(graph::Module& module, const Target& target);

/// run() in two steps. What the first leaves is an ordinary module still, which may be changed and run through all
/// passes again; the second writes positional lists.
void optimise(graph::Module& module, const Target& target);
std::vector<graph::Diagnostic> finish(graph::Module& module, const Target& target);

/// The lowest level that can run a module that run() has finished: often below its target.
nnapi::FeatureLevel required_feature_level(const graph::Module& module);

}  // namespace passerelle::passes
