// RELU, RELU1 and RELU6 become the activation of the operation before them.
#include <algorithm>

#include "editor.h"
#include "passerelle/nnapi/traits.h"
#include "passes.h"

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

}  // namespace

void fuse_activations(Graph& graph) {
  std::vector<std::vector<uint32_t>> readers = graph.consumers();
  std::vector<std::optional<uint32_t>> producers = graph.producers();
  auto is_returned = [&](OperandId id) {
    return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
  };
  for (size_t i = 0; i < graph.operations.size(); ++i) {
    const Activation activation = activation_of(graph.operations[i]);
    if (activation == Activation::none) continue;
    OperandId input = graph.operations[i].operand("input"), output = graph.operations[i].output();
    std::optional<uint32_t> producer = producers[index(input)];
    if (!producer || readers[index(input)].size() != 1 || is_returned(input)) continue;
    Operation& before = graph.operations[*producer];
    if (!takes_activation(graph, before) || !(graph.type(input) == graph.type(output))) continue;
    before.argument("activation") = static_cast<int32_t>(activation);
    graph.replace_uses(output, input);
    graph[input].source = graph[output].source;  // what it holds is the activation's result now
    readers[index(input)] = readers[index(output)];
  }
  graph.remove_dead();
}

}  // namespace passerelle::passes
