#include "legality.h"

#include "passerelle/graph/operand_views.h"

namespace passerelle::passes {
namespace {

using graph::Argument;
using graph::Graph;
using graph::OperandId;
using graph::Operation;

/// Whether a list may end before this argument, as far as its value goes.
bool at_default(graph::OperationType operation, const nnapi::ArgumentSpec& spec, const Argument& argument) {
  if (std::holds_alternative<std::monostate>(argument)) {
    bool optional = !std::holds_alternative<std::monostate>(spec.default_value);
    // Optional tensors are listed as operands without a value; LSTM's list alone may end before its last ones.
    return optional || (spec.kind == nnapi::ArgumentKind::optional_tensor && operation == graph::OperationType::LSTM);
  }
  if (const auto* value = std::get_if<int32_t>(&spec.default_value)) return argument == Argument(*value);
  if (const auto* value = std::get_if<float>(&spec.default_value)) return argument == Argument(*value);
  if (const auto* value = std::get_if<bool>(&spec.default_value)) return argument == Argument(*value);
  return false;
}

/// An argument left out in the middle of the list is written as its default.
void write_defaults(const graph::Operation& operation, std::vector<Argument>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!std::holds_alternative<std::monostate>(arguments[i])) continue;
    const auto& value = nnapi::argument_table(*operation.type)[i].default_value;
    if (const auto* integer = std::get_if<int32_t>(&value)) arguments[i] = *integer;
    if (const auto* real = std::get_if<float>(&value)) arguments[i] = *real;
    if (const auto* boolean = std::get_if<bool>(&value)) arguments[i] = *boolean;
  }
}

}  // namespace

std::vector<Argument> trimmed_arguments(const Operation& operation) {
  std::vector<Argument> arguments = operation.arguments;
  Span<const nnapi::ArgumentSpec> table = nnapi::argument_table(*operation.type);
  while (!arguments.empty() && at_default(*operation.type, table[arguments.size() - 1], arguments.back()))
    arguments.pop_back();
  // The two dilations stand together or not at all.
  if (!arguments.empty() && table[arguments.size() - 1].name == "dilation_width")
    arguments.push_back(operation.arguments[arguments.size()]);
  write_defaults(operation, arguments);
  return arguments;
}

nnapi::Legality legality(const Graph& graph, const Operation& operation) {
  graph::OperandViews inputs(graph), outputs(graph);
  for (const Argument& argument : trimmed_arguments(operation)) inputs.add(argument);
  for (OperandId id : operation.outputs) outputs.add(id);
  return nnapi::legality(*operation.type, inputs.views(), outputs.views());
}

namespace {

/// Of an operation that takes a tensor and a list of one number a dimension, and gives the tensor's type.
nnapi::FeatureLevel level_of(graph::OperationType operation, const char* list, const std::vector<int32_t>& numbers,
                             const graph::TensorType& type) {
  Graph graph;
  const OperandId input = graph.add_operand(type);
  const OperandId values = graph.add_constant(graph::Constant::list(numbers));
  graph.append(operation, {{"input", input}, {list, values}}, type, 0);
  return legality(graph, graph.operations.front()).level;
}

}  // namespace

nnapi::FeatureLevel transpose_level(const graph::TensorType& type) {
  const graph::Permutation identity = graph::identity_permutation(type.shape.size());
  return level_of(graph::OperationType::TRANSPOSE, "permutation", {identity.begin(), identity.end()}, type);
}

nnapi::FeatureLevel reshape_level(const graph::TensorType& type) {
  return level_of(graph::OperationType::RESHAPE, "shape", {type.shape.begin(), type.shape.end()}, type);
}

}  // namespace passerelle::passes
