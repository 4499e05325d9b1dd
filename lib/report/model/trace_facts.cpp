#include "trace_facts.h"

#include <tuple>

namespace passerelle::report {
namespace {

using graph::Origin;
using trace::Node;
using trace::TensorId;
using trace::Trace;
using trace::Value;

void collect(const Value& value, std::vector<TensorId>& tensors) {
  if (const TensorId* id = value.tensor()) tensors.push_back(*id);
  if (const auto* list = value.list())
    for (const Value& element : *list) collect(element, tensors);
}

auto key(const Origin& origin) {
  return std::tie(origin.op, origin.module_path, origin.user.file, origin.user.line, origin.innermost.file,
                  origin.innermost.line);
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

std::vector<uint32_t> nodes_of(const Trace& trace, const graph::Diagnostic& diagnostic,
                               std::optional<uint32_t> refused) {
  if (refused) return {*refused};
  std::vector<uint32_t> result;
  for (uint32_t i = 0; i < trace.nodes.size(); ++i)
    if (const uint32_t origin = trace.nodes[i].origin;
        origin < trace.origins.size() && key(trace.origins[origin]) == key(diagnostic.origin))
      result.push_back(i);
  return result;
}

std::optional<uint32_t> refused_node(const std::vector<std::optional<uint32_t>>& refused, size_t diagnostic) {
  return diagnostic < refused.size() ? refused[diagnostic] : std::nullopt;
}

std::optional<uint32_t> node_of(const Trace& trace, const graph::Diagnostic& diagnostic,
                                std::optional<uint32_t> refused) {
  const std::vector<uint32_t> nodes = nodes_of(trace, diagnostic, refused);
  if (nodes.empty()) return std::nullopt;
  return nodes.front();
}

}  // namespace passerelle::report
