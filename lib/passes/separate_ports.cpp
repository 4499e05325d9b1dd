// NNAPI wants every output of a model to be made by an operation, and by one output only (docs/nnapi.md, ports): where
// the model returns an input, a constant, or one tensor twice, an operation that changes nothing copies it: a RESHAPE
// to its own shape, or for integers and bools, which not every level reshapes, a combination with itself.
#include <set>

#include "editor.h"
#include "passes.h"

namespace passerelle::passes {

namespace {

OperandId copied(Graph& graph, OperandId value, uint32_t origin) {
  TensorType type = graph.type(value);
  if (type.type == OperandType::TENSOR_INT32)
    return graph.append(Op::MAXIMUM, {{"input1", value}, {"input2", value}}, std::move(type), origin);
  if (type.type == OperandType::TENSOR_BOOL8)
    return graph.append(Op::LOGICAL_OR, {{"input1", value}, {"input2", value}}, std::move(type), origin);
  std::vector<int32_t> shape(type.shape.begin(), type.shape.end());
  OperandId sizes = graph.add_constant(Constant::list(shape));
  return graph.append(Op::RESHAPE, {{"input", value}, {"shape", sizes}}, std::move(type), origin);
}

}  // namespace

void separate_ports(Graph& graph) {
  std::vector<std::optional<uint32_t>> producers = graph.producers();
  std::set<OperandId> returned;
  for (graph::Port& port : graph.outputs) {
    bool is_made = producers[index(port.operand)].has_value();
    bool is_first = returned.insert(port.operand).second;
    if (is_made && is_first) continue;
    uint32_t origin = static_cast<uint32_t>(graph.origins.size());
    graph.origins.push_back({"output", "", {}, {}});
    port.operand = copied(graph, port.operand, origin);
    producers.resize(graph.operands.size());
  }
}

}  // namespace passerelle::passes
