// An operation of the graph as lib/nnapi sees it: operands in NNAPI's order, and the results that it infers for them.
#pragma once

#include <deque>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/nnapi/infer.h"

namespace passerelle::graph {

/// Views of operands, and what those point at.
class OperandViews {
 public:
  explicit OperandViews(const Graph& graph) : graph_(graph) {}
  void add(const Argument& argument);
  void add(OperandId id) { views_.push_back(view(id)); }
  Span<const nnapi::OperandView> views() const { return views_; }

 private:
  nnapi::OperandView view(OperandId id);
  nnapi::OperandView scalar(OperandType type, const void* value, size_t size);

  const Graph& graph_;
  std::vector<nnapi::OperandView> views_;
  std::deque<std::vector<unsigned char>> values_;
};

/// What the operation gives: see nnapi::infer. Its own results are not looked at. Nothing is known of IF and WHILE,
/// whose graphs are the module's. Not of an opaque operation.
Expected<std::vector<nnapi::ResultType>> infer(const Graph& graph, const Operation& operation);

}  // namespace passerelle::graph
