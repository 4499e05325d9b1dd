// Rebuilding a graph's list of operations, in order, while looking at each of them once.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/support/check.h"

namespace passerelle::passes {

using graph::Argument;
using graph::Constant;
using graph::Graph;
using graph::Operand;
using graph::OperandId;
using graph::OperandType;
using graph::Operation;
using graph::OperationType;
using graph::Permutation;
using graph::Shape;
using graph::TensorType;
using Op = graph::OperationType;

/// Takes the operations out of the graph and lets a pass put them, or others in their place, back. Reads of a replaced
/// operand become reads of its replacement as the operations pass by.
class Editor {
 public:
  explicit Editor(Graph& graph) : graph_(graph), pending_(std::move(graph.operations)) { graph_.operations.clear(); }

  /// Calls visit(Operation) for each, then finish(), then puts outputs and dead code in order.
  template <typename Visit, typename Finish>
  void run(Visit&& visit, Finish&& finish) {
    for (Operation& operation : pending_) {
      read_current(operation);
      origin_ = operation.origin;
      visit(std::move(operation));
    }
    finish();
    for (OperandId& id : graph_.outputs) id = current(id);
    graph_.remove_dead();
  }
  template <typename Visit>
  void run(Visit&& visit) {
    run(visit, [] {});
  }

  void keep(Operation operation) { graph_.operations.push_back(std::move(operation)); }
  /// Lets an operation that was taken back read what replaced its operands since.
  void read_current(Operation& operation) const {
    operation.for_each_input([&](OperandId& id) { id = current(id); });
  }
  /// From here on, whoever reads `from` reads `to`, which has its source, where it has one.
  void replace(OperandId from, OperandId to) {
    if (graph_[from].source && !graph_.is_constant(to)) graph_[to].source = graph_[from].source;
    if (replacement_.size() <= index(from)) replacement_.resize(graph_.operands.size());
    replacement_[index(from)] = to;
  }

  // New operations, with the origin of the one that is visited.
  OperandId emit(OperationType type, graph::NamedArguments arguments, TensorType output) {
    return graph_.append(type, arguments, std::move(output), origin_);
  }
  OperandId list(const std::vector<int32_t>& values) { return graph_.add_constant(Constant::list(values)); }
  OperandId scalar(float value) { return graph_.add_constant(Constant::filled(value, {1})); }
  OperandId unary(OperationType type, OperandId input) { return emit(type, {{"input", input}}, graph_.type(input)); }
  /// ADD, MUL, ...: `b` is broadcast to the shape of `a`.
  OperandId binary(OperationType type, OperandId a, OperandId b) {
    return emit(type, {{"input1", a}, {"input2", b}}, graph_.type(a));
  }
  /// By value: a reference to an operand's shape would not outlive the operands that are added meanwhile.
  OperandId reshape(OperandId input, Shape shape) {
    if (graph_.shape(input) == shape) return input;
    TensorType output = graph_.type(input);
    output.shape = shape;
    return emit(Op::RESHAPE, {{"input", input}, {"shape", list({shape.begin(), shape.end()})}}, std::move(output));
  }
  OperandId transpose(OperandId input, const Permutation& permutation) {
    if (graph::is_identity(permutation)) return input;
    TensorType output = graph_.type(input);
    output.shape = graph::permuted(output.shape, permutation);
    return emit(Op::TRANSPOSE, {{"input", input}, {"permutation", list({permutation.begin(), permutation.end()})}},
                std::move(output));
  }
  Graph& graph() { return graph_; }

 private:
  OperandId current(OperandId id) const {
    while (index(id) < replacement_.size() && replacement_[index(id)]) id = *replacement_[index(id)];
    return id;
  }

  Graph& graph_;
  std::vector<Operation> pending_;
  std::vector<std::optional<OperandId>> replacement_;
  uint32_t origin_ = 0;
};

/// The values of a constant INT32 argument (axes, permutation, ...), if it is constant.
inline std::optional<std::vector<int32_t>> constant_list(const Graph& graph, OperandId id) {
  if (!graph.is_constant(id)) return std::nullopt;
  std::vector<int64_t> values = graph[id].constant->integers();
  return std::vector<int32_t>(values.begin(), values.end());
}

inline std::optional<Permutation> constant_permutation(const Graph& graph, const Operation& transpose) {
  std::optional<std::vector<int32_t>> values = constant_list(graph, transpose.operand("permutation"));
  if (!values) return std::nullopt;
  return Permutation(values->begin(), values->end());
}

/// An axis as NNAPI may give it (negative from the end), in 0 .. rank-1.
inline uint32_t normalised_axis(int32_t axis, size_t rank) {
  int32_t result = axis < 0 ? axis + static_cast<int32_t>(rank) : axis;
  check(result >= 0 && result < static_cast<int32_t>(rank), "an axis lies within the rank");
  return static_cast<uint32_t>(result);
}

}  // namespace passerelle::passes
