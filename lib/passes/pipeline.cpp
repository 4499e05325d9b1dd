#include "passerelle/passes/pipeline.h"

#include <algorithm>

#include "legality.h"
#include "passes.h"

namespace passerelle::passes {

std::vector<graph::Diagnostic> run(graph::Graph& graph, const Target& target) {
  simplify(graph);  // one form for what can be said in several
  if (target.removes_float_islands) remove_float_islands(graph);
  use_unsigned_integers(graph, target);
  fold_rank(graph);                       // at most 4 dimensions, where they can be folded
  legalise_before_layout(graph, target);  // what the target level lacks, written with what it has
  simplify(graph);
  solve_layout(graph, target);  // as few TRANSPOSEs as can be
  simplify(graph);
  fold_constants_into_weights(graph);  // batch normalisation and its like
  fold_padding(graph);
  fuse_activations(graph);
  legalise_after_layout(graph, target);
  simplify(graph, Shuffles::as_they_stand);
  fuse_activations(graph);
  deduplicate(graph);
  separate_ports(graph);  // NNAPI wants distinct inputs and outputs, each made by an operation
  graph.check_invariants();
  return finalise(graph, target);
}

nnapi::FeatureLevel required_feature_level(const graph::Graph& graph) {
  nnapi::FeatureLevel level = nnapi::lowest_feature_level;
  for (const graph::Operation& operation : graph.operations) level = std::max(level, legality(graph, operation).level);
  return level;
}

}  // namespace passerelle::passes
