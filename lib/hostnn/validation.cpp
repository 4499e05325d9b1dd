#include "validation.h"

namespace passerelle::hostnn {
namespace {

bool is_computed(const Operand& operand) {
  return operand.lifetime == Lifetime::temporary || operand.lifetime == Lifetime::model_output;
}

Status needs_level(const std::string& what, const nnapi::Legality& legality, FeatureLevel level) {
  if (!legality) return bad_data(what + " is never legal: " + legality.reason);
  if (legality.level <= level) return success();
  std::string message = what + " needs " + std::string(nnapi::feature_level_name(legality.level)) +
                        ", and this runtime claims " + std::string(nnapi::feature_level_name(level));
  if (!legality.reason.empty()) message += ": " + legality.reason;
  return bad_data(message);
}

/// Constants and inputs are known; each computed operand must be written by exactly one operation.
Status check_writers(const Graph& graph) {
  std::vector<bool> written(graph.operands.size());
  for (size_t i = 0; i < graph.operands.size(); ++i) written[i] = !is_computed(graph.operands[i]);
  for (uint32_t index : graph.run_order) {
    for (uint32_t output : graph.operations[index].outputs) {
      if (written[output]) {
        return bad_data(describe(graph, index) + " writes operand " + std::to_string(output) +
                        ", which has a value already");
      }
      written[output] = true;
    }
  }
  for (size_t i = 0; i < written.size(); ++i)
    if (!written[i]) return bad_data("operand " + std::to_string(i) + " is never written");
  return success();
}

/// Whether a value of one operand may become that of the other, in another model.
bool fits(const Operand& given, const Operand& taken) {
  std::vector<uint32_t> dimensions = given.dimensions;
  return given.lifetime != Lifetime::no_value && same_metadata(given, taken) &&
         combine_dimensions(dimensions, taken.dimensions);
}

bool all_fit(const Graph& graph, Span<const uint32_t> operands, const Graph& other, Span<const uint32_t> others) {
  if (operands.size() != others.size()) return false;
  for (size_t i = 0; i < operands.size(); ++i)
    if (!fits(graph.operands[operands[i]], other.operands[others[i]])) return false;
  return true;
}

Span<const uint32_t> from(const std::vector<uint32_t>& operands, size_t first) {
  return {operands.data() + first, operands.size() - first};
}

const Graph* referenced(const Graph& graph, const Operation& operation, size_t input) {
  const Operand& operand = graph.operands[operation.inputs[input]];
  return operand.lifetime == Lifetime::referenced_model ? operand.model.get() : nullptr;
}

/// Both branches take the arguments of IF, and give its outputs.
bool is_valid_if(const Graph& graph, const Operation& operation) {
  for (size_t branch : {1, 2}) {
    const Graph* model = referenced(graph, operation, branch);
    if (model == nullptr || !all_fit(graph, from(operation.inputs, 3), *model, model->inputs) ||
        !all_fit(graph, operation.outputs, *model, model->outputs))
      return false;
  }
  return true;
}

/// Condition and body take the arguments of WHILE. The body gives the first of them anew, and the first of those are
/// the outputs of WHILE.
bool is_valid_while(const Graph& graph, const Operation& operation) {
  const Graph* condition = referenced(graph, operation, 0);
  const Graph* body = referenced(graph, operation, 1);
  const Span<const uint32_t> arguments = from(operation.inputs, 2);
  if (condition == nullptr || body == nullptr || !all_fit(graph, arguments, *condition, condition->inputs) ||
      !all_fit(graph, arguments, *body, body->inputs))
    return false;
  const auto first = [](const std::vector<uint32_t>& operands, size_t count) {
    return Span<const uint32_t>(operands.data(), count);
  };
  return condition->outputs.size() == 1 &&
         condition->operands[condition->outputs[0]].type == OperandType::TENSOR_BOOL8 &&
         body->outputs.size() <= body->inputs.size() && operation.outputs.size() <= body->outputs.size() &&
         all_fit(*body, body->outputs, *body, first(body->inputs, body->outputs.size())) &&
         all_fit(graph, operation.outputs, *body, first(body->outputs, operation.outputs.size()));
}

Status check_control_flow(const Graph& graph) {
  for (uint32_t i = 0; i < graph.operations.size(); ++i) {
    const Operation& operation = graph.operations[i];
    const bool is_valid = operation.type == OperationType::IF      ? is_valid_if(graph, operation)
                          : operation.type == OperationType::WHILE ? is_valid_while(graph, operation)
                                                                   : true;
    if (!is_valid) return bad_data(describe(graph, i) + " has models whose inputs and outputs do not fit its own");
  }
  return success();
}

}  // namespace

Status order_operations(Graph& graph) {
  std::vector<uint32_t> missing(graph.operations.size());  // inputs that are not computed yet
  std::vector<std::vector<uint32_t>> readers(graph.operands.size());
  std::vector<uint32_t> ready;
  for (uint32_t i = 0; i < graph.operations.size(); ++i) {
    for (uint32_t input : graph.operations[i].inputs) {
      if (!is_computed(graph.operands[input])) continue;
      ++missing[i];
      readers[input].push_back(i);
    }
    if (missing[i] == 0) ready.push_back(i);
  }
  graph.run_order.clear();
  for (size_t next = 0; next < ready.size(); ++next) {
    graph.run_order.push_back(ready[next]);
    for (uint32_t output : graph.operations[ready[next]].outputs) {
      for (uint32_t reader : readers[output])
        if (missing[reader] != 0 && --missing[reader] == 0) ready.push_back(reader);
    }
  }
  if (graph.run_order.size() != graph.operations.size())
    return bad_data("the graph has a cycle, or reads an operand that is never written");
  return success();
}

Status validate(const Graph& graph, FeatureLevel level) {
  if (graph.operands.empty()) return bad_data("a model without operands");
  if (graph.operations.empty()) return bad_data("a model without operations");
  for (size_t i = 0; i < graph.operands.size(); ++i)
    PASSERELLE_RETURN_IF_FAILED(
        needs_level("operand " + std::to_string(i), nnapi::legality(view(graph.operands[i])), level));
  for (uint32_t i = 0; i < graph.operations.size(); ++i)
    PASSERELLE_RETURN_IF_FAILED(needs_level(describe(graph, i), legality(graph, graph.operations[i]), level));
  PASSERELLE_RETURN_IF_FAILED(check_control_flow(graph));
  return check_writers(graph);
}

}  // namespace passerelle::hostnn
