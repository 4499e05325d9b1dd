// Graphs as lowerings write them, of operations picked at random: NCHW tensors, TRANSPOSEs around what wants NHWC.
#pragma once

#include <cstdint>

#include "passerelle/graph/graph.h"

namespace passerelle::tests {

/// `operations`: how many steps; a step may be several operations. The same seed gives the same graph.
graph::Module random_graph(uint32_t seed, int operations);

}  // namespace passerelle::tests
