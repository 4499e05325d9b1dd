// Trace → module: each TorchScript operator becomes NNAPI operations that mean the same, whatever they cost.
#pragma once

#include <string>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/trace/trace.h"

namespace passerelle::lowering {

struct Lowered {
  graph::Module module;
  std::vector<graph::Diagnostic> diagnostics;  ///< the trace's own included; empty where everything has a lowering
};

/// Operands that hold a tensor of the trace say so (Operand::source), operations which operator they were made for
/// (Graph::origins); passes keep that while it is true. An operator
/// without a lowering becomes an opaque operation of known shape and a diagnostic, so that everything around it is
/// still converted, counted and reported.
Lowered lower(const trace::Trace& trace);

/// A row of the table of lowerings, for documentation.
struct SupportedOperator {
  std::string op;      ///< "aten::conv2d"
  std::string nnapi;   ///< the operations it becomes: "CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D"
  std::string limits;  ///< what of it is not supported; empty where all is
};
std::vector<SupportedOperator> supported_operators();

}  // namespace passerelle::lowering
