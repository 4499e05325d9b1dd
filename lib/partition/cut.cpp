#include "passerelle/partition/cut.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>

#include "passerelle/support/check.h"
#include "search.h"

namespace passerelle::partition {
namespace {

/// Stages as parts, numbered as they are met.
std::vector<Part> parts_of(const Flow& flow, const Assignment& assignment, std::vector<uint32_t>& part_of) {
  std::map<uint32_t, uint32_t> numbers;
  std::vector<Part> parts;
  for (uint32_t i = 0; i < flow.nodes.size(); ++i) {
    if (!assignment.goes[i]) continue;
    const auto [number, is_new] = numbers.emplace(assignment.stage[i], static_cast<uint32_t>(parts.size()));
    if (is_new) parts.emplace_back();
    part_of[i] = number->second;
    parts[number->second].nodes.push_back(NodeId{i});
  }
  return parts;
}

void find_ports(const Flow& flow, const std::vector<uint32_t>& part_of, uint32_t number, Part& part) {
  const auto add = [](std::vector<TensorId>& ports, TensorId id) {
    if (std::find(ports.begin(), ports.end(), id) == ports.end()) ports.push_back(id);
  };
  for (NodeId id : part.nodes) {
    const Flow::Node& node = flow.nodes[graph::index(id)];
    for (TensorId read : node.reads) {
      const uint32_t maker = flow.makers[index(read)];
      if (maker == nobody || part_of[maker] != number) add(part.inputs, read);
    }
    for (TensorId made : node.makes) {
      bool leaves = flow.returned[index(made)];
      for (uint32_t user : flow.users[index(made)]) leaves = leaves || part_of[user] != number;
      if (leaves) add(part.outputs, made);
    }
  }
}

/// The steps in the order of the program, a part where its first operator is, as far as what they read allows it.
std::vector<Step> ordered(const Flow& flow, const std::vector<uint32_t>& part_of, size_t part_count) {
  const auto count = static_cast<uint32_t>(flow.nodes.size());
  const auto step_of = [&](uint32_t node) { return part_of[node] == nobody ? node : count + part_of[node]; };
  std::vector<std::set<uint32_t>> after(count + part_count);
  std::vector<uint32_t> waiting(count + part_count, 0), first(count + part_count, nobody);
  for (uint32_t i = 0; i < count; ++i) {
    first[step_of(i)] = std::min(first[step_of(i)], i);
    for (uint32_t before : flow.nodes[i].before)
      if (step_of(before) != step_of(i) && after[step_of(before)].insert(step_of(i)).second) ++waiting[step_of(i)];
  }
  using Ready = std::pair<uint32_t, uint32_t>;  // place in the program, step
  std::priority_queue<Ready, std::vector<Ready>, std::greater<Ready>> ready;
  for (uint32_t step = 0; step < waiting.size(); ++step)
    if (first[step] != nobody && waiting[step] == 0) ready.emplace(first[step], step);
  std::vector<Step> steps;
  while (!ready.empty()) {
    const uint32_t step = ready.top().second;
    ready.pop();
    steps.push_back(step < count ? Step(NodeId{step}) : Step(size_t{step - count}));
    for (uint32_t next : after[step])
      if (--waiting[next] == 0) ready.emplace(first[next], next);
  }
  return steps;
}

Cut cut_of(const Flow& flow, const Assignment& assignment) {
  Cut cut;
  std::vector<uint32_t> part_of(flow.nodes.size(), nobody);
  cut.parts = parts_of(flow, assignment, part_of);
  for (uint32_t i = 0; i < cut.parts.size(); ++i) find_ports(flow, part_of, i, cut.parts[i]);
  cut.steps = ordered(flow, part_of, cut.parts.size());
  size_t inside = 0;
  for (const Part& part : cut.parts) inside += part.nodes.size();
  check(cut.steps.size() == flow.nodes.size() - inside + cut.parts.size(), "the parts of a cut are convex");
  cut.nanoseconds = assignment.nanoseconds;
  for (const Flow::Node& node : flow.nodes) cut.all_cpu += node.cpu;
  return cut;
}

}  // namespace

Cut greedy_cut(const Trace& trace, const Constraints& constraints, const Costs& costs) {
  const Flow flow(trace, constraints, costs);
  return cut_of(flow, assigned(flow, costs, all_that_may(flow)));
}

Cut cut(const Trace& trace, const Constraints& constraints, const Costs& costs) {
  const Flow flow(trace, constraints, costs);
  const Assignment greedy = assigned(flow, costs, all_that_may(flow));
  // A model that NNAPI can compute whole is one part: whoever wants it elsewhere needs no file.
  const bool is_whole = std::none_of(flow.nodes.begin(), flow.nodes.end(), [](const auto& node) { return node.stays; });
  if (is_whole) return cut_of(flow, greedy);
  const Assignment found = improved(flow, costs, greedy);
  const Assignment nothing = assigned(flow, costs, std::vector<bool>(flow.nodes.size(), false));
  return cut_of(flow, found.nanoseconds < nothing.nanoseconds ? found : nothing);
}

}  // namespace passerelle::partition
