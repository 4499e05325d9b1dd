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
  return check_writers(graph);
}

}  // namespace passerelle::hostnn
