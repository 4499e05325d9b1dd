#include "passerelle/passes/pipeline.h"

#include <algorithm>

#include "legality.h"
#include "passes.h"

namespace passerelle::passes {

namespace {

/// Lets a pass work on each graph by itself.
template <typename... Given, typename... Arguments>
void each(graph::Module& module, void (*pass)(graph::Graph&, Given...), const Arguments&... arguments) {
  for (graph::Graph& graph : module.graphs) pass(graph, arguments...);
}

}  // namespace

void optimise(graph::Module& module, const Target& target) {
  each(module, simplify, Shuffles::found);  // one form for what can be said in several
  if (target.removes_float_islands) each(module, remove_float_islands);
  each(module, use_unsigned_integers, target);
  fold_rank(module);                       // at most 4 dimensions, where they can be folded
  legalise_before_layout(module, target);  // what the target level lacks, written with what it has
  each(module, simplify, Shuffles::found);
  solve_layout(module, target);  // as few TRANSPOSEs as can be
  each(module, simplify, Shuffles::found);
  each(module, fold_constants_into_weights);  // batch normalisation and its like
  each(module, fold_padding);
  each(module, fuse_activations);
  legalise_after_layout(module, target);
  each(module, simplify, Shuffles::as_they_stand);
  each(module, fuse_activations);
  each(module, deduplicate);
  separate_ports(module);  // NNAPI wants distinct inputs and outputs, each made by an operation
}

std::vector<graph::Diagnostic> finish(graph::Module& module, const Target& target) {
  module.check_invariants();
  return finalise(module, target);
}

std::vector<graph::Diagnostic> run(graph::Module& module, const Target& target) {
  optimise(module, target);
  return finish(module, target);
}

nnapi::FeatureLevel required_feature_level(const graph::Module& module) {
  nnapi::FeatureLevel level = nnapi::lowest_feature_level;
  for (const graph::Graph& graph : module.graphs)
    for (const graph::Operation& operation : graph.operations)
      level = std::max(level, legality(graph, operation).level);
  return level;
}

}  // namespace passerelle::passes
