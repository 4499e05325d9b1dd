#include <sstream>

#include "passerelle/graph/graph.h"

namespace passerelle::graph {
namespace {

std::string operand_text(const Graph& graph, OperandId id) {
  const Operand& operand = graph[id];
  std::string text = (operand.constant ? "#" : "%") + std::to_string(index(id));
  // A short constant is shown: it is mostly a shape, an axis or a permutation.
  if (operand.constant && operand.constant->size() <= 8 && operand.type.type == OperandType::TENSOR_INT32) {
    text += "{";
    for (int64_t value : operand.constant->integers()) text += (text.back() == '{' ? "" : ",") + std::to_string(value);
    text += "}";
  }
  return text;
}

std::string type_text(const TensorType& type) {
  std::ostringstream out;
  out << nnapi::name(type.type) << " " << to_string(type.shape);
  if (type.quantization.scale != 0)
    out << " scale " << type.quantization.scale << " zero " << type.quantization.zero_point;
  return out.str();
}

struct ArgumentText {
  const Graph& graph;
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(OperandId id) const { return operand_text(graph, id); }
  std::string operator()(const std::vector<OperandId>& ids) const {
    std::string text = "[";
    for (OperandId id : ids) text += (text.size() > 1 ? ", " : "") + operand_text(graph, id);
    return text + "]";
  }
  std::string operator()(int32_t value) const { return std::to_string(value); }
  std::string operator()(float value) const {
    std::ostringstream out;
    out << value;
    return out.str();
  }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(GraphId id) const { return "graph " + std::to_string(index(id)); }
};

std::string arguments_text(const Graph& graph, const Operation& operation) {
  std::string text;
  for (size_t i = 0; i < operation.arguments.size(); ++i) {
    std::string value = std::visit(ArgumentText{graph}, operation.arguments[i]);
    if (value.empty()) continue;
    if (!text.empty()) text += ", ";
    if (operation.type) text += std::string(nnapi::argument_table(*operation.type)[i].name) + "=";
    text += value;
  }
  return text;
}

void write(std::ostream& out, const Module& module, const Graph& graph, bool is_main) {
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    out << "input " << operand_text(graph, graph.inputs[i]) << ": " << type_text(graph.type(graph.inputs[i]))
        << (is_main ? "  " + module.ports.inputs[i].name : "") << "\n";
  for (const Operation& operation : graph.operations) {
    for (size_t i = 0; i < operation.outputs.size(); ++i)
      out << (i ? ", " : "") << operand_text(graph, operation.outputs[i]) << ": "
          << type_text(graph.type(operation.outputs[i]));
    out << " = " << (operation.type ? std::string(nnapi::name(*operation.type)) : "opaque " + operation.opaque_name)
        << "(" << arguments_text(graph, operation) << ")";
    if (operation.origin < module.origins.size() && !module.origins[operation.origin].op.empty())
      out << "  # " << module.origins[operation.origin].op << " " << module.origins[operation.origin].module_path;
    out << "\n";
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i)
    out << "output " << operand_text(graph, graph.outputs[i]) << (is_main ? "  " + module.ports.outputs[i].name : "")
        << "\n";
}

}  // namespace

std::string to_text(const Module& module) {
  std::ostringstream out;
  for (size_t i = 0; i < module.graphs.size(); ++i) {
    if (i > 0) out << "graph " << i << "\n";
    write(out, module, module.graphs[i], i == 0);
  }
  return out.str();
}

}  // namespace passerelle::graph
