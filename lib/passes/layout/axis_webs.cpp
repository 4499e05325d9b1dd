#include "axis_webs.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "axis_rules.h"
#include "editor.h"

namespace passerelle::passes {

Difference difference(const Shape& shape, const Arrangement& a, const Arrangement& b) {
  if (a == b) return Difference::none;
  auto without_units = [&](Arrangement arrangement) {
    arrangement.erase(std::remove_if(arrangement.begin(), arrangement.end(), [&](uint32_t i) { return shape[i] == 1; }),
                      arrangement.end());
    return arrangement;
  };
  return without_units(a) == without_units(b) ? Difference::unit_dimensions : Difference::order;
}

std::vector<ReshapeGroup> reshape_groups(const Shape& from, const Shape& to) {
  std::vector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  auto skip_units = [](const Shape& shape, size_t& at) {
    while (at < shape.size() && shape[at] == 1) ++at;
  };
  for (skip_units(from, i), skip_units(to, j); i < from.size() && j < to.size();
       skip_units(from, i), skip_units(to, j)) {
    ReshapeGroup group;
    uint64_t left = from[i], right = to[j];
    group.from.push_back(static_cast<uint32_t>(i++));
    group.to.push_back(static_cast<uint32_t>(j++));
    while (left != right) {
      bool grow_left = left < right;
      const Shape& shape = grow_left ? from : to;
      size_t& at = grow_left ? i : j;
      if (at >= shape.size()) return {};  // an empty tensor: no order to speak of
      (grow_left ? left : right) *= shape[at];
      if (shape[at] != 1) (grow_left ? group.from : group.to).push_back(static_cast<uint32_t>(at));
      ++at;
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

/// Ties dimensions with a union-find over all dimensions of all operands.
class AxisWebs::Builder {
 public:
  Builder(const Graph& graph, AxisWebs& webs) : graph_(graph), webs_(webs) {
    uint32_t next = 0;
    for (const Operand& operand : graph.operands) {
      first_.push_back(next);
      for (size_t i = 0; i < operand.type.shape.size(); ++i)
        owners_.push_back({static_cast<uint32_t>(first_.size() - 1)});
      next += static_cast<uint32_t>(operand.type.shape.size());
    }
    parent_.resize(next);
    std::iota(parent_.begin(), parent_.end(), 0);
    web_parent_.resize(graph.operands.size());
    std::iota(web_parent_.begin(), web_parent_.end(), 0);
  }

  void build() {
    for (const Operation& operation : graph_.operations) webs_.ties_.push_back(tie(operation));
    number_classes();
    order_webs();
  }

 private:
  struct Pair {
    OperandId a;
    uint32_t dimension_a;
    OperandId b;
    uint32_t dimension_b;
  };

  static uint32_t root(std::vector<uint32_t>& parent, uint32_t node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  }

  bool tie(const Operation& operation) {
    std::vector<Pair> pairs;
    if (operation.is(Op::RESHAPE)) {
      if (!pair_reshape(operation, pairs)) return false;
    } else if (axis_rule(graph_, operation) != AxisRule::rigid) {
      pair_dimensions(operation, pairs);
    } else {
      return false;
    }
    // Operands that share a class share a web, even where the operation turns out to tie nothing.
    for (const Pair& pair : pairs) web_parent_[root(web_parent_, index(pair.a))] = root(web_parent_, index(pair.b));
    for (const Pair& pair : pairs)
      if (!unite(pair)) return false;
    return !pairs.empty();
  }

  bool pair_reshape(const Operation& operation, std::vector<Pair>& pairs) const {
    OperandId from = operation.operand("input"), to = operation.output();
    for (const ReshapeGroup& group : reshape_groups(graph_.shape(from), graph_.shape(to))) {
      if (group.from.size() != 1 || group.to.size() != 1) return false;
      pairs.push_back({from, group.from.front(), to, group.to.front()});
    }
    return true;
  }

  void pair_dimensions(const Operation& operation, std::vector<Pair>& pairs) const {
    std::vector<uint32_t> surviving = surviving_axes(graph_, operation);
    OperandId output = operation.output();
    for (OperandId input : permutable_inputs(operation)) {
      if (graph_.is_constant(input) || !takes_part(operation, input)) continue;
      for (uint32_t i = 0; i < surviving.size(); ++i) pairs.push_back({input, surviving[i], output, i});
    }
    for (OperandId other : operation.outputs)
      for (uint32_t i = 0; other != output && i < surviving.size(); ++i) pairs.push_back({other, i, output, i});
  }

  /// A single element of lower rank is broadcast as it is.
  bool takes_part(const Operation& operation, OperandId input) const {
    return !is_elementwise(*operation.type) || graph_.shape(input).size() == graph_.shape(operation.output()).size();
  }

  /// Two dimensions of one operand can't be one: then the operation ties nothing.
  bool unite(const Pair& pair) {
    uint32_t a = root(parent_, first_[index(pair.a)] + pair.dimension_a);
    uint32_t b = root(parent_, first_[index(pair.b)] + pair.dimension_b);
    if (a == b) return true;
    if (owners_[a].size() > owners_[b].size()) std::swap(a, b);
    for (uint32_t owner : owners_[a])
      if (owners_[b].count(owner)) return false;
    owners_[b].insert(owners_[a].begin(), owners_[a].end());
    owners_[a].clear();
    parent_[a] = b;
    return true;
  }

  void number_classes() {
    std::vector<uint32_t> number(parent_.size(), UINT32_MAX), web_number(graph_.operands.size(), UINT32_MAX);
    uint32_t classes = 0, webs = 0;
    for (uint32_t operand = 0; operand < graph_.operands.size(); ++operand) {
      std::vector<uint32_t> mine;
      for (uint32_t i = 0; i < graph_.operands[operand].type.shape.size(); ++i) {
        uint32_t& of_root = number[root(parent_, first_[operand] + i)];
        if (of_root == UINT32_MAX) of_root = classes++;
        mine.push_back(of_root);
      }
      webs_.classes_.push_back(std::move(mine));
      uint32_t& of_web = web_number[root(web_parent_, operand)];
      if (of_web == UINT32_MAX) of_web = webs++;
      webs_.web_.push_back(of_web);
    }
    webs_.position_.resize(classes);
    webs_.orders_.resize(webs);
  }

  /// First order of each web: that of its operands as they stand, where they agree.
  void order_webs() {
    std::vector<std::set<uint32_t>> members(webs_.orders_.size());
    std::vector<std::set<uint32_t>> followers(webs_.position_.size());
    for (uint32_t operand = 0; operand < webs_.classes_.size(); ++operand) {
      const std::vector<uint32_t>& classes = webs_.classes_[operand];
      members[webs_.web_[operand]].insert(classes.begin(), classes.end());
      for (size_t i = 1; i < classes.size(); ++i) followers[classes[i - 1]].insert(classes[i]);
    }
    std::vector<uint32_t> waiting(followers.size(), 0);  // a class is followed by those of its own web alone
    for (const std::set<uint32_t>& each : followers)
      for (uint32_t follower : each) ++waiting[follower];
    for (uint32_t web = 0; web < members.size(); ++web) webs_.set_order(web, sorted(members[web], followers, waiting));
  }

  static std::vector<uint32_t> sorted(std::set<uint32_t> remaining, const std::vector<std::set<uint32_t>>& followers,
                                      std::vector<uint32_t>& waiting) {
    std::vector<uint32_t> order;
    std::set<uint32_t> ready;
    for (uint32_t each : remaining)
      if (waiting[each] == 0) ready.insert(each);
    while (!remaining.empty()) {
      // Where operands disagree none is ready: any order is as good.
      const uint32_t next = ready.empty() ? *remaining.begin() : *ready.begin();
      ready.erase(next);
      remaining.erase(next);
      order.push_back(next);
      for (uint32_t follower : followers[next])
        if (waiting[follower] > 0 && --waiting[follower] == 0 && remaining.count(follower) != 0) ready.insert(follower);
    }
    return order;
  }

  const Graph& graph_;
  AxisWebs& webs_;
  std::vector<uint32_t> first_;  // by operand: the node of its first dimension
  std::vector<uint32_t> parent_;
  std::vector<std::set<uint32_t>> owners_;  // by root: operands with a dimension in the class
  std::vector<uint32_t> web_parent_;
};

AxisWebs::AxisWebs(const Graph& graph) { Builder(graph, *this).build(); }

void AxisWebs::set_order(uint32_t web, std::vector<uint32_t> order) {
  for (uint32_t i = 0; i < order.size(); ++i) position_[order[i]] = i;
  orders_[web] = std::move(order);
}

Arrangement AxisWebs::arrangement(OperandId id) const {
  const std::vector<uint32_t>& classes = classes_[index(id)];
  Arrangement result = graph::identity_permutation(classes.size());
  std::sort(result.begin(), result.end(),
            [&](uint32_t a, uint32_t b) { return position_[classes[a]] < position_[classes[b]]; });
  return result;
}

std::vector<uint32_t> AxisWebs::order_for(OperandId id, const Arrangement& arrangement) const {
  const std::vector<uint32_t>& classes = classes_[index(id)];
  std::vector<uint32_t> slots;
  for (uint32_t each : classes) slots.push_back(position_[each]);
  std::sort(slots.begin(), slots.end());
  std::vector<uint32_t> order = orders_[web(id)];
  for (size_t i = 0; i < slots.size(); ++i) order[slots[i]] = classes[arrangement[i]];
  return order;
}

}  // namespace passerelle::passes
