#include "trace_builder.h"

#include "passerelle/support/check.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

/// Calls `visit(TensorId&)` for each tensor in the value.
template <typename AnyValue, typename Visit>
void for_each_tensor(AnyValue& value, const Visit& visit) {
  if (auto* id = std::get_if<TensorId>(&value.data)) visit(*id);
  if (auto* elements = std::get_if<std::vector<Value>>(&value.data))
    for (auto& element : *elements) for_each_tensor(element, visit);
}

template <typename AnyNode, typename Visit>
void for_each_argument(AnyNode& node, const Visit& visit) {
  for (auto& argument : node.arguments) for_each_tensor(argument.second, visit);
}

template <typename AnyNode, typename Visit>
void for_each_result(AnyNode& node, const Visit& visit) {
  for (auto& result : node.results) for_each_tensor(result, visit);
}

}  // namespace

TensorId TraceBuilder::add_tensor(const at::Tensor& like) { return add_tensor(describe(like)); }

TensorId TraceBuilder::add_tensor(Tensor description) {
  trace_.tensors.push_back(std::move(description));
  return static_cast<TensorId>(trace_.tensors.size() - 1);
}

TensorId TraceBuilder::add_constant(const at::Tensor& tensor, Dependence dependence) {
  check(dependence != Dependence::data, "a constant does not depend on data");
  Tensor description = describe(tensor);
  description.dependence = dependence;
  description.constant = constant_view(tensor);
  return add_tensor(std::move(description));
}

void TraceBuilder::detach_constant(TensorId id, const at::Tensor& its_values) {
  trace_.tensors[static_cast<uint32_t>(id)].constant = constant_view(its_values.clone());
}

TraceBuilder::OriginKey TraceBuilder::key(const graph::Origin& origin) {
  return {origin.op,        origin.module_path,    origin.user.file,
          origin.user.line, origin.innermost.file, origin.innermost.line};
}

uint32_t TraceBuilder::add_origin(const graph::Origin& origin) {
  const auto [place, is_new] = origins_.emplace(key(origin), static_cast<uint32_t>(trace_.origins.size()));
  if (is_new) trace_.origins.push_back(origin);
  return place->second;
}

void TraceBuilder::add_diagnostic(graph::Diagnostic diagnostic) {
  // Each time that the model runs into it. A hostile loop must not fill the memory with complaints.
  constexpr size_t most = 100'000;
  const bool is_new = diagnosed_.emplace(key(diagnostic.origin), diagnostic.reason).second;
  if (is_new || trace_.diagnostics.size() < most) trace_.diagnostics.push_back(std::move(diagnostic));
}

Trace TraceBuilder::finish() {
  drop_dead_nodes();
  drop_unused_tensors();
  name_diagnosed_nodes();
  return std::move(trace_);
}

void TraceBuilder::drop_dead_nodes() {
  std::vector<bool> read(trace_.tensors.size(), false);
  const auto mark = [&](TensorId id) { read[static_cast<uint32_t>(id)] = true; };
  for (const Port& output : trace_.outputs) mark(output.tensor);
  std::vector<Node> alive;
  for (auto node = trace_.nodes.rbegin(); node != trace_.nodes.rend(); ++node) {
    bool needed = false;
    for_each_result(*node, [&](TensorId id) { needed = needed || read[static_cast<uint32_t>(id)]; });
    // Where tracing could not go on to the outputs, every node is kept: the report counts them.
    if (!needed && !(trace_.outputs.empty() && has_diagnostics())) continue;
    for_each_argument(*node, mark);
    alive.push_back(std::move(*node));
  }
  trace_.nodes.assign(std::make_move_iterator(alive.rbegin()), std::make_move_iterator(alive.rend()));
}

void TraceBuilder::drop_unused_tensors() {
  constexpr uint32_t unused = ~uint32_t{0};
  std::vector<uint32_t> renamed(trace_.tensors.size(), unused);
  std::vector<Tensor> kept;
  const auto rename = [&](TensorId& id) {
    uint32_t& place = renamed[static_cast<uint32_t>(id)];
    if (place == unused) {
      place = static_cast<uint32_t>(kept.size());
      kept.push_back(std::move(trace_.tensors[static_cast<uint32_t>(id)]));
    }
    id = static_cast<TensorId>(place);
  };
  for (Port& input : trace_.inputs) rename(input.tensor);
  for (Node& node : trace_.nodes) {
    for_each_argument(node, rename);
    for_each_result(node, rename);
  }
  for (Port& output : trace_.outputs) rename(output.tensor);
  trace_.tensors = std::move(kept);
}

/// Only now: an obstacle is found before its operator is written down, and dead ones have left. A line that runs again
/// and again has an obstacle and an operator each time; where these are not as many, the first obstacle is about all.
void TraceBuilder::name_diagnosed_nodes() {
  std::vector<std::vector<trace::NodeId>> by_origin(trace_.origins.size());
  for (uint32_t i = 0; i < trace_.nodes.size(); ++i) by_origin[trace_.nodes[i].origin].push_back(trace::NodeId{i});
  std::map<std::pair<uint32_t, graph::Reason>, std::vector<graph::Diagnostic*>> repeated;
  for (graph::Diagnostic& diagnostic : trace_.diagnostics)
    if (const auto known = origins_.find(key(diagnostic.origin)); known != origins_.end())
      repeated[{known->second, diagnostic.reason}].push_back(&diagnostic);
  for (const auto& [place, diagnostics] : repeated) {
    const std::vector<trace::NodeId>& nodes = by_origin[place.first];
    if (nodes.empty()) continue;
    for (size_t i = 0; i < diagnostics.size(); ++i)
      diagnostics[i]->nodes = {diagnostics.size() == nodes.size() ? nodes[i] : nodes.back()};
    if (diagnostics.size() != nodes.size()) diagnostics.front()->nodes = nodes;
  }
}

}  // namespace passerelle::torchscript
