// Who reads an operand, and reading another in its place, for all of a graph in one sweep.
#pragma once

#include <map>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::passes {

/// For each operand whether it is an output of the graph.
inline std::vector<bool> returned_operands(const graph::Graph& graph) {
  std::vector<bool> result(graph.operands.size(), false);
  for (graph::OperandId id : graph.outputs) result[graph::index(id)] = true;
  return result;
}

/// Every read of a first operand, by operations and outputs, becomes one of the second.
inline void replace_reads(graph::Graph& graph, const std::map<graph::OperandId, graph::OperandId>& replacements) {
  const auto replace = [&](graph::OperandId& id) {
    if (const auto found = replacements.find(id); found != replacements.end()) id = found->second;
  };
  for (graph::Operation& operation : graph.operations) operation.for_each_input(replace);
  for (graph::OperandId& id : graph.outputs) replace(id);
}

}  // namespace passerelle::passes
