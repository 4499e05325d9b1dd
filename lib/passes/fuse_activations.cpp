// RELU, RELU1 and RELU6 become the activation of the operation before them.
#include <algorithm>

#include "editor.h"
#include "passes.h"

namespace passerelle::passes {
namespace {

/// FuseCode of an activation; 0 for what is none.
int32_t fuse_code(const Operation& operation) {
  if (operation.is(Op::RELU)) return 1;
  if (operation.is(Op::RELU1)) return 2;
  if (operation.is(Op::RELU6)) return 3;
  return 0;
}

/// Recurrent operations use their activation inside: only those that apply it to the result are fused into.
bool applies_activation_to_result(const Graph& graph, const Operation& operation) {
  if (!operation.type || nnapi::argument_index(*operation.type, "activation") < 0) return false;
  switch (*operation.type) {
    case Op::LSTM:
    case Op::RNN:
    case Op::SVDF:
    case Op::UNIDIRECTIONAL_SEQUENCE_LSTM:
    case Op::UNIDIRECTIONAL_SEQUENCE_RNN:
    case Op::BIDIRECTIONAL_SEQUENCE_LSTM:
    case Op::BIDIRECTIONAL_SEQUENCE_RNN: return false;
    default: break;
  }
  // INT32 arithmetic has no activation (docs/nnapi.md, activations).
  return graph.type(operation.output()).type != OperandType::TENSOR_INT32 && operation.integer("activation") == 0;
}

}  // namespace

void fuse_activations(Graph& graph) {
  std::vector<std::vector<uint32_t>> readers = graph.consumers();
  std::vector<std::optional<uint32_t>> producers = graph.producers();
  auto is_returned = [&](OperandId id) {
    return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
  };
  for (size_t i = 0; i < graph.operations.size(); ++i) {
    int32_t code = fuse_code(graph.operations[i]);
    if (code == 0) continue;
    OperandId input = graph.operations[i].operand("input"), output = graph.operations[i].output();
    std::optional<uint32_t> producer = producers[index(input)];
    if (!producer || readers[index(input)].size() != 1 || is_returned(input)) continue;
    Operation& before = graph.operations[*producer];
    if (!applies_activation_to_result(graph, before) || !(graph.type(input) == graph.type(output))) continue;
    before.argument("activation") = code;
    graph.replace_uses(output, input);
    graph[input].source = graph[output].source;  // what it holds is the activation's result now
    readers[index(input)] = readers[index(output)];
  }
  graph.remove_dead();
}

}  // namespace passerelle::passes
