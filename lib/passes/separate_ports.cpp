// NNAPI wants every output of a model to be made by an operation, and by one output only (docs/nnapi.md, ports), also
// of the models that others refer to: where one returns an input, a constant, or one tensor twice, an operation that
// changes nothing copies it: a RESHAPE to its own shape, or for integers and bools, which not every level reshapes, a
// combination with itself.
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

void separate_outputs(Graph& graph, graph::Module& module) {
  std::vector<std::optional<uint32_t>> producers = graph.producers();
  std::set<OperandId> returned;
  for (OperandId& output : graph.outputs) {
    bool is_made = producers[index(output)].has_value();
    bool is_first = returned.insert(output).second;
    if (is_made && is_first) continue;
    output = copied(graph, output, module.add_origin("output"));
    producers.resize(graph.operands.size());
  }
}

}  // namespace

void separate_ports(graph::Module& module) {
  for (Graph& graph : module.graphs) separate_outputs(graph, module);
}

}  // namespace passerelle::passes
