// Which tensors' channels can be scaled together without a change of what the network computes.
#pragma once

#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::calibration {

/// Tensors with one factor a channel (their last dimension), the layers that make them and those that read them.
struct ChannelWeb {
  std::vector<graph::OperandId> operands;
  std::vector<uint32_t> makers, readers;  ///< layers, by index in Graph::operations
};

/// Those whose channels are free, in the graph's order: each has a maker and a reader.
std::vector<ChannelWeb> channel_webs(const graph::Graph& graph);

}  // namespace passerelle::calibration
