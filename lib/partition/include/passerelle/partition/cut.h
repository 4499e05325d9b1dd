// A trace, cut into parts for NNAPI and operators that stay with LibTorch.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "passerelle/partition/costs.h"
#include "passerelle/trace/trace.h"

namespace passerelle::partition {

using trace::NodeId;
using trace::TensorId;
using trace::Trace;

/// What may be done with each of a trace's operators, by NodeId.
struct Constraints {
  std::vector<bool> stays;     ///< with LibTorch, whatever it costs
  std::vector<bool> in_order;  ///< stays too, and keeps its place among the others of its kind: random numbers
};

/// Operators that one call of NNAPI computes.
struct Part {
  std::vector<NodeId> nodes;      ///< ascending
  std::vector<TensorId> inputs;   ///< what they read of others, constants left out; each once, in order
  std::vector<TensorId> outputs;  ///< what others, or the caller of the model, read of them
};

/// An operator of LibTorch's, or a part by its number.
using Step = std::variant<NodeId, size_t>;

struct Cut {
  std::vector<Part> parts;
  std::vector<Step> steps;  ///< all of the model, each behind what it reads
  double nanoseconds = 0;   ///< by the costs
  double all_cpu = 0;       ///< the same without NNAPI
};

/// The cheapest cut that is found by moving operators and whole groups of them over the borders one at a time from the
/// one in which everything that may go to NNAPI does. Parts are convex: no path leaves one and comes back. The same
/// for the same arguments, always; never dearer than all of the model in LibTorch, nor than where it begins.
Cut cut(const Trace& trace, const Constraints& constraints, const Costs& costs);

/// Where cut() begins: nothing is given back.
Cut greedy_cut(const Trace& trace, const Constraints& constraints, const Costs& costs);

/// A part as a model of its own: its tensors and operators, in the trace's order (operator i is part.nodes[i]).
Trace trace_of(const Trace& trace, const Part& part);

/// Bytes that a tensor takes in PyTorch.
uint64_t byte_size(const trace::Tensor& tensor);

}  // namespace passerelle::partition
