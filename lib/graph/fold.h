// Operations on constants, computed while they are built.
#pragma once

#include <optional>

#include "passerelle/graph/graph.h"

namespace passerelle::graph {

/// The operation's only result, of this type, where all that it reads is constant and computing it here gives the very
/// numbers that NNAPI would: what moves elements, as a view, and float32 arithmetic that IEEE 754 defines, of tensors
/// that are not large.
std::optional<Constant> fold(const Graph& graph, const Operation& operation, const TensorType& result);

}  // namespace passerelle::graph
