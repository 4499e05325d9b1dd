#include "elementwise_folds.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include "fold_axes.h"
#include "layout/axis_rules.h"

namespace passerelle::passes {
namespace {

uint32_t product(const Shape& shape, size_t begin, size_t end) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(begin),
                         shape.begin() + static_cast<std::ptrdiff_t>(end), uint32_t{1}, std::multiplies<>());
}

/// An element-wise operation: its result's shape, and its operands', raised to the result's rank.
struct Member {
  OperandId result;
  Shape shape;
  std::vector<Shape> operands;
};

/// Neighbours join where each operand has all of them whole, or repeats all of them.
bool joins(const Member& member, size_t begin, size_t end) {
  const uint32_t whole = product(member.shape, begin, end);
  return std::all_of(member.operands.begin(), member.operands.end(), [&](const Shape& shape) {
    const uint32_t size = product(shape, begin, end);
    return size == whole || size == 1;
  });
}

/// The longest runs that suit all members and begin at each of `breaks` (by dimension).
std::optional<RunStarts> fold(const std::vector<Member>& members, const std::vector<bool>& breaks) {
  RunStarts starts{0};
  for (size_t i = 1; i < breaks.size(); ++i) {
    const auto suits = [&](const Member& member) { return joins(member, starts.back(), i + 1); };
    if (breaks[i] || !std::all_of(members.begin(), members.end(), suits)) starts.push_back(i);
  }
  if (starts.size() > highest_rank) return std::nullopt;
  return starts;
}

bool is_member(const Graph& graph, const Operation& operation) {
  return operation.type && is_elementwise(*operation.type) && operation.outputs.size() == 1 &&
         graph.shape(operation.output()).size() > highest_rank;
}

Member member(const Graph& graph, const Operation& operation) {
  Member result{operation.output(), graph.shape(operation.output()), {}};
  for (OperandId id : operation.inputs()) result.operands.push_back(raised(graph.shape(id), result.shape.size()));
  return result;
}

/// Element-wise operations that are connected by operands of one rank, and what lies around them.
class Webs {
 public:
  explicit Webs(const Graph& graph) : graph_(graph), parent_(graph.operands.size()) {
    std::iota(parent_.begin(), parent_.end(), 0);
    for (const Operation& operation : graph.operations)
      if (is_member(graph, operation)) tie(operation);
    for (const Operation& operation : graph.operations)
      if (is_member(graph, operation)) members_[web_of(operation.output())].push_back(member(graph, operation));
    for (const auto& web : members_) breaks_[web.first].resize(web.second.front().shape.size());
    for (const Operation& operation : graph.operations)
      if (operation.type && !is_member(graph, operation)) note_breaks(operation);
  }

  template <typename Found>
  void for_each(Found&& found) const {
    for (const auto& [web, members] : members_) found(members, breaks_.at(web));
  }

 private:
  uint32_t web_of(OperandId id) const {
    uint32_t at = index(id);
    while (parent_[at] != at) at = parent_[at];
    return at;
  }

  void tie(const Operation& operation) {
    const size_t rank = graph_.shape(operation.output()).size();
    for (OperandId id : operation.inputs())
      if (!graph_.is_constant(id) && graph_.shape(id).size() == rank) parent_[web_of(id)] = web_of(operation.output());
  }

  void add_breaks(OperandId id, const std::vector<bool>& breaks) {
    const auto known = breaks_.find(web_of(id));
    if (known == breaks_.end() || known->second.size() != breaks.size()) return;
    for (size_t i = 0; i < breaks.size(); ++i)
      if (breaks[i]) known->second[i] = true;
  }

  /// Where an operation that is no member keeps dimensions of its operands and results apart.
  void note_breaks(const Operation& operation) {
    if (operation.is(Op::TRANSPOSE)) return note_transpose(operation);
    const AxisRule rule = axis_rule(graph_, operation);
    if (rule == AxisRule::rigid || rule == AxisRule::elementwise) return;
    const std::vector<bool> involved = involved_dimensions(graph_, operation);
    std::vector<bool> breaks(involved.size());
    for (size_t i = 1; i < involved.size(); ++i)
      breaks[i] = involved[i] != involved[i - 1] || (involved[i] && rule != AxisRule::axes);
    for (OperandId id : permutable_inputs(operation)) add_breaks(id, breaks);
    for (OperandId id : operation.outputs)
      if (graph_.shape(id).size() == breaks.size()) add_breaks(id, breaks);
  }

  void note_transpose(const Operation& operation) {
    const std::optional<Permutation> permutation = constant_permutation(graph_, operation);
    if (!permutation) return;
    const Permutation inverse = graph::inverse(*permutation);
    std::vector<bool> in_operand(permutation->size()), in_result(permutation->size());
    for (size_t i = 1; i < permutation->size(); ++i) {
      in_result[i] = (*permutation)[i] != (*permutation)[i - 1] + 1;
      in_operand[i] = inverse[i] != inverse[i - 1] + 1;
    }
    add_breaks(operation.operand("input"), in_operand);
    add_breaks(operation.output(), in_result);
  }

  const Graph& graph_;
  std::vector<uint32_t> parent_;                     // by operand
  std::map<uint32_t, std::vector<Member>> members_;  // by web
  std::map<uint32_t, std::vector<bool>> breaks_;     // by web, then dimension: whether a run should begin there
};

}  // namespace

Shape folded(const Shape& shape, const RunStarts& starts) {
  Shape result;
  for (size_t i = 0; i < starts.size(); ++i)
    result.push_back(product(shape, starts[i], i + 1 < starts.size() ? starts[i + 1] : shape.size()));
  return result;
}

Shape raised(const Shape& shape, size_t rank) {
  Shape result(rank - shape.size(), 1);
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

ElementwiseFolds::ElementwiseFolds(const Graph& graph) : starts_(graph.operands.size()) {
  Webs(graph).for_each([&](const std::vector<Member>& members, const std::vector<bool>& breaks) {
    const std::vector<bool> none(breaks.size());
    std::optional<RunStarts> common = fold(members, breaks);
    if (!common) common = fold(members, none);
    for (const Member& each : members) starts_[index(each.result)] = common ? common : fold({each}, none);
  });
}

std::optional<RunStarts> ElementwiseFolds::of(OperandId result) const {
  return index(result) < starts_.size() ? starts_[index(result)] : std::nullopt;
}

}  // namespace passerelle::passes
