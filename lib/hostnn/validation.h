// What Android checks of a whole model when it is finished.
#pragma once

#include "graph.h"
#include "status.h"

namespace passerelle::hostnn {

/// Fills Graph::run_order. Fails on a cycle, or on an operand that is read and never written.
Status order_operations(Graph& graph);

/// Every operand and operation is legal at `level`; every operand is written exactly once. The graph is ordered.
Status validate(const Graph& graph, FeatureLevel level);

}  // namespace passerelle::hostnn
