// How an operation treats the dimensions of its operands: what lets a permutation pass through it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/nnapi/traits.h"

namespace passerelle::passes {

using AxisRule = nnapi::Axes;

/// What the operation does in general (nnapi/traits.def); the graph is asked whether it does so here (constant
/// arguments, equal ranks).
AxisRule axis_rule(const graph::Graph& graph, const graph::Operation& operation);

/// Element by element, with broadcasting: ADD, RELU, SELECT, ...
bool is_elementwise(graph::OperationType type);

/// The tensors that take part: their dimensions are the operation's. Others (axes, alpha, indices) are arguments.
std::vector<graph::OperandId> permutable_inputs(const graph::Operation& operation);

/// For each dimension of a result the dimension of the first permutable input that it continues.
std::vector<uint32_t> surviving_axes(const graph::Graph& graph, const graph::Operation& operation);

/// The arguments that name axes, or have a row for each dimension.
const std::vector<std::string_view>& axis_arguments(graph::OperationType type);

/// For each dimension whether the operation does something along it: the named axes, the rows that are not neutral.
std::vector<bool> involved_dimensions(const graph::Graph& graph, const graph::Operation& operation);

/// The row of a per-dimension argument that leaves a dimension of this size alone.
int32_t neutral_row(std::string_view argument, uint32_t size);

/// Lets a reduction keep its reduced dimensions, of size 1.
void keep_dimensions(graph::Operation& operation);

/// Rewrites the operation's axis arguments for operands whose dimension `i` now lies at position[i].
/// Constants that take part are permuted by the caller.
void move_axes(graph::Graph& graph, graph::Operation& operation, const std::vector<uint32_t>& position);

}  // namespace passerelle::passes
