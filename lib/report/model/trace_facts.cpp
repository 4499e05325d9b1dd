#include "trace_facts.h"

namespace passerelle::report {
namespace {

using trace::Node;
using trace::TensorId;
using trace::Trace;
using trace::Value;

void collect(const Value& value, std::vector<TensorId>& tensors) {
  if (const TensorId* id = value.tensor()) tensors.push_back(*id);
  if (const auto* list = value.list())
    for (const Value& element : *list) collect(element, tensors);
}

std::vector<TensorFact> facts(const Trace& trace, const std::vector<TensorId>& tensors) {
  std::vector<TensorFact> result;
  for (TensorId id : tensors) result.push_back({trace[id].type, trace[id].shape});
  return result;
}

}  // namespace

std::string shape_text(const std::vector<int64_t>& shape) {
  if (shape.empty()) return "scalar";
  std::string result;
  for (int64_t size : shape) result += (result.empty() ? "" : "x") + std::to_string(size);
  return result;
}

std::vector<TensorId> argument_tensors(const Node& node) {
  std::vector<TensorId> tensors;
  for (const auto& [name, value] : node.arguments) collect(value, tensors);
  return tensors;
}

std::vector<TensorId> result_tensors(const Node& node) {
  std::vector<TensorId> tensors;
  for (const Value& result : node.results) collect(result, tensors);
  return tensors;
}

std::vector<TensorFact> input_facts(const Trace& trace, const Node& node) {
  return facts(trace, argument_tensors(node));
}
std::vector<TensorFact> output_facts(const Trace& trace, const Node& node) {
  return facts(trace, result_tensors(node));
}

}  // namespace passerelle::report
