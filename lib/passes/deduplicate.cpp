// Equal constants become one operand, and equal operations on equal operands one operation.
#include <cstring>
#include <map>
#include <string>
#include <tuple>

#include "editor.h"
#include "passes.h"

namespace passerelle::passes {
namespace {

/// Beyond this size constants are compared by the file's writer, which reads their bytes anyway.
constexpr size_t longest_compared = 4096;

std::string bytes_of(const Operand& operand) {
  std::string bytes(operand.constant->byte_size(), '\0');
  operand.constant->copy_to(bytes.data());
  return bytes;
}

using ConstantKey = std::tuple<int32_t, Shape, float, int32_t, std::vector<float>, uint32_t,
                               std::string>;  // no NaN: scales are positive

void share_constants(Graph& graph) {
  std::map<ConstantKey, OperandId> seen;
  std::vector<OperandId> shared;
  for (size_t i = 0; i < graph.operands.size(); ++i) {
    auto id = static_cast<OperandId>(i);
    const Operand& operand = graph[id];
    if (operand.constant && operand.constant->byte_size() <= longest_compared) {
      const graph::Quantization& quantization = operand.type.quantization;
      ConstantKey key{static_cast<int32_t>(operand.type.type),
                      operand.type.shape,
                      quantization.scale,
                      quantization.zero_point,
                      quantization.channel_scales,
                      quantization.channel_dimension,
                      bytes_of(operand)};
      id = seen.emplace(std::move(key), id).first->second;
    }
    shared.push_back(id);
  }
  for (Operation& operation : graph.operations)
    operation.for_each_input([&](OperandId& id) { id = shared[index(id)]; });
}

/// An argument as comparable bytes: floats by their bits, as NaN equals nothing and -0 is not 0.
std::vector<int64_t> key_of(const Argument& argument) {
  std::vector<int64_t> key{static_cast<int64_t>(argument.index())};
  if (const auto* id = std::get_if<OperandId>(&argument)) key.push_back(index(*id));
  if (const auto* ids = std::get_if<std::vector<OperandId>>(&argument))
    for (OperandId id : *ids) key.push_back(index(id));
  if (const auto* integer = std::get_if<int32_t>(&argument)) key.push_back(*integer);
  if (const auto* boolean = std::get_if<bool>(&argument)) key.push_back(*boolean);
  if (const auto* graph = std::get_if<graph::GraphId>(&argument)) key.push_back(graph::index(*graph));
  if (const auto* real = std::get_if<float>(&argument)) {
    int32_t bits;
    std::memcpy(&bits, real, sizeof bits);
    key.push_back(bits);
  }
  return key;
}

using OperationKey = std::pair<int32_t, std::vector<std::vector<int64_t>>>;

OperationKey key_of(const Operation& operation) {
  OperationKey key{static_cast<int32_t>(*operation.type), {}};
  for (const Argument& argument : operation.arguments) key.second.push_back(key_of(argument));
  return key;
}

bool same_results(const Graph& graph, const Operation& a, const Operation& b) {
  if (a.outputs.size() != b.outputs.size()) return false;
  for (size_t i = 0; i < a.outputs.size(); ++i)
    if (!(graph.type(a.outputs[i]) == graph.type(b.outputs[i]))) return false;
  return true;
}

void share_operations(Graph& graph) {
  std::map<OperationKey, size_t> seen;  // index in graph.operations
  Editor editor(graph);
  editor.run([&](Operation operation) {
    if (operation.type && !operation.is(Op::RANDOM_MULTINOMIAL)) {
      auto [known, added] = seen.emplace(key_of(operation), graph.operations.size());
      if (!added && same_results(graph, graph.operations[known->second], operation)) {
        for (size_t i = 0; i < operation.outputs.size(); ++i)
          editor.replace(operation.outputs[i], graph.operations[known->second].outputs[i]);
        return;
      }
    }
    editor.keep(std::move(operation));
  });
}

}  // namespace

void deduplicate(Graph& graph) {
  share_constants(graph);
  share_operations(graph);
}

}  // namespace passerelle::passes
