// Models that begin with a quantize, at a level that has none: the app can hand over the integers.
#pragma once

#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/graph.h"

namespace passerelle::converter {

/// A quantize that reads an input alone, and the --input that does without it.
struct LeadingQuantize {
  graph::NodeId node{};
  std::string input;  ///< "x=1x3x8x8:quint8,0.02,100"
};
/// Of a graph before the passes.
std::vector<LeadingQuantize> leading_quantizes(const graph::Graph& graph);

/// Adds the way out to those diagnostics that are about one of them.
void suggest_quantized_inputs(const std::vector<LeadingQuantize>& leading, std::vector<graph::Diagnostic>& diagnostics);

}  // namespace passerelle::converter
