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

template <typename Rename>
void rename_all(std::vector<Node>& nodes, const Rename& rename) {
  for (Node& node : nodes) {
    for_each_argument(node, rename);
    for (trace::Region& region : node.regions) {
      for (TensorId& id : region.inputs) rename(id);
      rename_all(region.nodes, rename);
      for (TensorId& id : region.outputs) rename(id);
    }
    for_each_result(node, rename);
  }
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

void TraceBuilder::forget_diagnostics(size_t count) {
  for (size_t i = count; i < trace_.diagnostics.size(); ++i)
    diagnosed_.erase({key(trace_.diagnostics[i].origin), trace_.diagnostics[i].reason});
  trace_.diagnostics.resize(count);
}

std::vector<Node> TraceBuilder::end_region() {
  std::vector<Node> nodes = std::move(open_.back());
  open_.pop_back();
  return nodes;
}

Trace TraceBuilder::finish() {
  // Where tracing stopped in a region, what it had seen there is counted all the same.
  while (!open_.empty()) {
    std::vector<Node> nodes = end_region();
    for (Node& node : nodes) add_node(std::move(node));
  }
  std::vector<bool> read(trace_.tensors.size(), false);
  for (const Port& output : trace_.outputs) read[static_cast<uint32_t>(output.tensor)] = true;
  drop_dead_nodes(trace_.nodes, read);
  drop_unused_tensors();
  name_diagnosed_nodes();
  return std::move(trace_);
}

namespace {

/// Results of a branch that nobody reads are no results of it.
void drop_unread_results(Node& node, const std::vector<bool>& read) {
  size_t kept = 0;
  for (size_t i = 0; i < node.results.size(); ++i) {
    if (!read[static_cast<uint32_t>(*node.results[i].tensor())]) continue;
    node.results[kept] = node.results[i];
    for (trace::Region& region : node.regions) region.outputs[kept] = region.outputs[i];
    ++kept;
  }
  node.results.resize(kept);
  for (trace::Region& region : node.regions) region.outputs.resize(kept);
}

/// A node of a region counts as the node that has the region.
template <typename Visit>
void for_each_node(const Node& node, const Visit& visit) {
  visit(node);
  for (const trace::Region& region : node.regions)
    for (const Node& inner : region.nodes) for_each_node(inner, visit);
}

}  // namespace

void TraceBuilder::drop_dead_nodes(std::vector<Node>& nodes, std::vector<bool>& read) const {
  const auto mark = [&](TensorId id) { read[static_cast<uint32_t>(id)] = true; };
  // Where tracing could not go on to the outputs, every node is kept: the report counts them.
  const bool keeps_all = trace_.outputs.empty() && has_diagnostics();
  std::vector<Node> alive;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    bool needed = keeps_all;
    for_each_result(*node, [&](TensorId id) { needed = needed || read[static_cast<uint32_t>(id)]; });
    if (!needed) continue;
    if (node->op == "prim::If" && !keeps_all) drop_unread_results(*node, read);
    for (trace::Region& region : node->regions) {
      for (TensorId id : region.outputs) mark(id);
      drop_dead_nodes(region.nodes, read);
    }
    for_each_argument(*node, mark);
    alive.push_back(std::move(*node));
  }
  nodes.assign(std::make_move_iterator(alive.rbegin()), std::make_move_iterator(alive.rend()));
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
  rename_all(trace_.nodes, rename);
  for (Port& output : trace_.outputs) rename(output.tensor);
  trace_.tensors = std::move(kept);
}

/// Only now: an obstacle is found before its operator is written down, and dead ones have left. A line that runs again
/// and again has an obstacle and an operator each time; where these are not as many, the first obstacle is about all.
void TraceBuilder::name_diagnosed_nodes() {
  std::vector<std::vector<trace::NodeId>> by_origin(trace_.origins.size());
  for (uint32_t i = 0; i < trace_.nodes.size(); ++i)
    for_each_node(trace_.nodes[i], [&](const Node& node) {
      std::vector<trace::NodeId>& there = by_origin[node.origin];
      if (there.empty() || there.back() != trace::NodeId{i}) there.push_back(trace::NodeId{i});
    });
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
