// What lib/nnapi says of an operation of the graph, at its shortest argument list.
#pragma once

#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/nnapi/legality.h"

namespace passerelle::passes {

/// The operation's arguments without the trailing ones that stand at their defaults.
std::vector<graph::Argument> trimmed_arguments(const graph::Operation& operation);

nnapi::Legality legality(const graph::Graph& graph, const graph::Operation& operation);

/// From which level TRANSPOSE or RESHAPE takes a tensor of this type and rank; 0 for never.
nnapi::FeatureLevel transpose_level(const graph::TensorType& type);
nnapi::FeatureLevel reshape_level(const graph::TensorType& type);

}  // namespace passerelle::passes
