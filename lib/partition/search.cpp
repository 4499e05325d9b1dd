#include "search.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace passerelle::partition {
namespace {

/// Visits of nodes that a search may make: seconds on the largest models, and the cut stays the same everywhere.
constexpr uint64_t most_visits = 200'000'000;

std::vector<uint32_t> earliest_stages(const Flow& flow, const std::vector<bool>& goes) {
  std::vector<uint32_t> stage(flow.nodes.size(), 0);
  for (uint32_t i = 0; i < flow.nodes.size(); ++i)
    for (uint32_t before : flow.nodes[i].before)
      stage[i] = std::max(stage[i], stage[before] + (goes[before] == goes[i] ? 0 : 1));
  return stage;
}

/// Operators of NNAPI's that one later stage alone reads wait for it.
void delay(const Flow& flow, const std::vector<bool>& goes, std::vector<uint32_t>& stage) {
  for (uint32_t i = static_cast<uint32_t>(flow.nodes.size()); i-- > 0;) {
    const Flow::Node& node = flow.nodes[i];
    const auto is_returned = [&](TensorId id) { return flow.returned[index(id)]; };
    if (!goes[i] || node.readers.empty() || std::any_of(node.makes.begin(), node.makes.end(), is_returned)) continue;
    const uint32_t wanted = stage[node.readers.front()];
    const bool wait = std::all_of(node.readers.begin(), node.readers.end(),
                                  [&](uint32_t reader) { return goes[reader] && stage[reader] == wanted; });
    if (wait) stage[i] = wanted;
  }
}

/// Each tensor that goes into a part counts once for it, and once where it comes out of one.
double cost_of(const Flow& flow, const Costs& costs, const std::vector<bool>& goes,
               const std::vector<uint32_t>& stage) {
  double total = 0;
  std::set<uint32_t> parts;
  for (uint32_t i = 0; i < flow.nodes.size(); ++i) {
    total += goes[i] ? flow.nodes[i].nnapi : flow.nodes[i].cpu;
    if (goes[i]) parts.insert(stage[i]);
  }
  total += static_cast<double>(parts.size()) * costs.call;
  std::vector<uint32_t> readers;
  for (uint32_t tensor = 0; tensor < flow.makers.size(); ++tensor) {
    const uint32_t maker = flow.makers[tensor];
    const bool made_inside = maker != nobody && goes[maker];
    bool leaves = made_inside && flow.returned[tensor];
    readers.clear();
    for (uint32_t user : flow.users[tensor]) {
      const bool same = made_inside && goes[user] && stage[user] == stage[maker];
      if (same) continue;
      leaves = leaves || made_inside;
      if (goes[user] && std::find(readers.begin(), readers.end(), stage[user]) == readers.end())
        readers.push_back(stage[user]);
    }
    total += flow.crossing[tensor] * static_cast<double>(readers.size() + (leaves ? 1 : 0));
  }
  return total;
}

/// Connected operators of one part, each group by its members.
std::vector<std::vector<uint32_t>> groups_of(const Flow& flow, const Assignment& assignment) {
  std::vector<uint32_t> root(flow.nodes.size());
  std::iota(root.begin(), root.end(), 0u);
  const auto find = [&](uint32_t i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  for (uint32_t i = 0; i < flow.nodes.size(); ++i)
    for (uint32_t before : flow.nodes[i].before)
      if (assignment.goes[i] && assignment.goes[before] && assignment.stage[i] == assignment.stage[before])
        root[std::max(find(i), find(before))] = std::min(find(i), find(before));
  std::map<uint32_t, std::vector<uint32_t>> members;
  for (uint32_t i = 0; i < flow.nodes.size(); ++i)
    if (assignment.goes[i]) members[find(i)].push_back(i);
  std::vector<std::vector<uint32_t>> groups;
  for (auto& [first, group] : members) groups.push_back(std::move(group));
  return groups;
}

bool at_border(const Flow& flow, const Assignment& assignment, uint32_t i) {
  const auto differs = [&](uint32_t other) {
    return assignment.goes[other] != assignment.goes[i] || assignment.stage[other] != assignment.stage[i];
  };
  const Flow::Node& node = flow.nodes[i];
  for (TensorId id : node.reads)
    if (flow.makers[index(id)] == nobody) return true;
  for (TensorId id : node.makes)
    if (flow.returned[index(id)]) return true;
  return std::any_of(node.before.begin(), node.before.end(), differs) ||
         std::any_of(node.readers.begin(), node.readers.end(), differs);
}

/// Nodes that change sides together.
using Move = std::vector<uint32_t>;

std::vector<Move> moves_from(const Flow& flow, const Assignment& assignment) {
  std::vector<Move> moves;
  for (std::vector<uint32_t>& group : groups_of(flow, assignment))
    if (group.size() > 1) moves.push_back(std::move(group));
  for (uint32_t i = 0; i < flow.nodes.size(); ++i)
    if (!flow.nodes[i].stays && flow.nodes[i].tied == i && at_border(flow, assignment, i))
      moves.push_back(flow.together[i]);
  return moves;
}

/// A group may hold one end alone of what is tied: the other follows.
std::vector<bool> moved(const Flow& flow, std::vector<bool> goes, const Move& move) {
  const bool to = !goes[move.front()];
  for (uint32_t i : move)
    for (uint32_t each : flow.together[flow.nodes[i].tied]) goes[each] = to;
  return goes;
}

}  // namespace

std::vector<bool> all_that_may(const Flow& flow) {
  std::vector<bool> goes;
  for (const Flow::Node& node : flow.nodes) goes.push_back(!node.stays);
  return goes;
}

Assignment assigned(const Flow& flow, const Costs& costs, std::vector<bool> goes) {
  Assignment early, late;
  early.stage = late.stage = earliest_stages(flow, goes);
  delay(flow, goes, late.stage);
  early.nanoseconds = cost_of(flow, costs, goes, early.stage);
  late.nanoseconds = cost_of(flow, costs, goes, late.stage);
  early.goes = late.goes = std::move(goes);
  return late.nanoseconds < early.nanoseconds ? late : early;
}

Assignment improved(const Flow& flow, const Costs& costs, Assignment from) {
  uint64_t visits = 0;
  for (bool gained = true; gained;) {
    gained = false;
    Assignment best = from;
    for (const Move& move : moves_from(flow, from)) {
      visits += flow.nodes.size();
      if (visits > most_visits) break;
      Assignment tried = assigned(flow, costs, moved(flow, from.goes, move));
      if (tried.nanoseconds < best.nanoseconds) best = std::move(tried);
    }
    gained = best.nanoseconds < from.nanoseconds;
    from = std::move(best);
  }
  return from;
}

}  // namespace passerelle::partition
