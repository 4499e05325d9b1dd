// NNAPI wants every output of a model to be made by an operation, and by one output only (NNAPI-RULES 11): where the
// model returns an input, a constant, or one tensor twice, a RESHAPE to its own shape copies it.
#include <set>

#include "editor.h"
#include "passes.h"

namespace passerelle::passes {

void separate_ports(Graph& graph) {
  std::vector<std::optional<uint32_t>> producers = graph.producers();
  std::set<OperandId> returned;
  for (graph::Port& port : graph.outputs) {
    bool is_made = producers[index(port.operand)].has_value();
    bool is_first = returned.insert(port.operand).second;
    if (is_made && is_first) continue;
    uint32_t origin = static_cast<uint32_t>(graph.origins.size());
    graph.origins.push_back({"output", "", {}, {}});
    TensorType type = graph.type(port.operand);
    std::vector<int32_t> shape(type.shape.begin(), type.shape.end());
    OperandId sizes = graph.add_constant(Constant::list(shape));
    port.operand = graph.append(Op::RESHAPE, {{"input", port.operand}, {"shape", sizes}}, std::move(type), origin);
    producers.resize(graph.operands.size());
  }
}

}  // namespace passerelle::passes
