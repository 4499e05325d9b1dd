// RELU, RELU1 and RELU6 become the activation of the operation before them.
#include "editor.h"
#include "passerelle/nnapi/traits.h"
#include "passes.h"
#include "reads.h"

namespace passerelle::passes {
namespace {

using nnapi::Activation;

Activation activation_of(const Operation& operation) {
  if (operation.is(Op::RELU)) return Activation::relu;
  if (operation.is(Op::RELU1)) return Activation::relu1;
  if (operation.is(Op::RELU6)) return Activation::relu6;
  return Activation::none;
}

/// INT32 arithmetic has no activation (docs/nnapi.md, activations).
bool takes_activation(const Graph& graph, const Operation& operation) {
  return operation.type && nnapi::traits(*operation.type).fuses_activation &&
         graph.type(operation.output()).type != OperandType::TENSOR_INT32 && operation.activation() == Activation::none;
}

class Fuser {
 public:
  explicit Fuser(Graph& graph)
      : graph_(graph),
        readers_(graph.consumers()),
        returned_(returned_operands(graph)),
        made_by_(graph.operands.size()),
        editor_(graph) {}

  void run() {
    editor_.run([&](Operation operation) {
      if (fuse(operation)) return;
      for (OperandId output : operation.outputs) made_by_[index(output)] = graph_.operations.size();
      editor_.keep(std::move(operation));
    });
  }

 private:
  bool fuse(const Operation& operation) {
    const Activation activation = activation_of(operation);
    if (activation == Activation::none) return false;
    const OperandId input = operation.operand("input"), output = operation.output();
    const std::optional<size_t> producer = made_by_[index(input)];
    if (!producer || readers_[index(input)].size() != 1 || returned_[index(input)]) return false;
    Operation& before = graph_.operations[*producer];
    if (!takes_activation(graph_, before) || !(graph_.type(input) == graph_.type(output))) return false;
    before.argument("activation") = static_cast<int32_t>(activation);
    editor_.replace(output, input);
    // What it holds, and who reads it, is the activation's result from here on.
    graph_[input].source = graph_[output].source;
    readers_[index(input)] = std::move(readers_[index(output)]);
    returned_[index(input)] = returned_[index(output)];
    return true;
  }

  Graph& graph_;
  std::vector<std::vector<uint32_t>> readers_;
  std::vector<bool> returned_;
  std::vector<std::optional<size_t>> made_by_;  // by operand: the index in graph_.operations
  Editor editor_;
};

}  // namespace

void fuse_activations(Graph& graph) { Fuser(graph).run(); }

}  // namespace passerelle::passes
