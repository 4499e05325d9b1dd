#include "layout_search.h"

#include <algorithm>
#include <map>
#include <set>

#include "editor.h"
#include "legality.h"

namespace passerelle::passes {
namespace {

using graph::OperandId;
using Kind = LayoutLink::Kind;

/// A permutation that the target can't run: worse than any number of those that it can.
constexpr double impossible = 1e15;
/// What any operation costs beside the bytes that it moves, in bytes.
constexpr double per_operation = 256;

struct ArrangedGroups {
  std::vector<size_t> sequence;  // groups in the order of storage
  bool in_order = true;          // each group's dimensions lie together and in their logical order
};

/// `side` picks from or to of a group. Dimensions without a group have size 1 and don't count. With `any_column_order`
/// the dimensions that become the columns of a matrix (dimension 1) need only lie together.
ArrangedGroups arranged(const std::vector<ReshapeGroup>& groups, std::vector<uint32_t> ReshapeGroup::*side,
                        const Arrangement& arrangement, bool any_column_order) {
  std::map<uint32_t, size_t> group_of;
  for (size_t i = 0; i < groups.size(); ++i)
    for (uint32_t dimension : groups[i].*side) group_of[dimension] = i;
  ArrangedGroups result;
  std::vector<std::vector<uint32_t>> seen(groups.size());
  for (uint32_t dimension : arrangement) {
    auto group = group_of.find(dimension);
    if (group == group_of.end()) continue;
    if (result.sequence.empty() || result.sequence.back() != group->second) {
      if (!seen[group->second].empty()) result.in_order = false;  // it lies in two places
      result.sequence.push_back(group->second);
    }
    seen[group->second].push_back(dimension);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    bool is_columns = groups[i].to == std::vector<uint32_t>{1};
    if (!(any_column_order && is_columns) && seen[i] != groups[i].*side) result.in_order = false;
  }
  return result;
}

}  // namespace

bool reshapes_in_place(const LayoutLink& link, const Arrangement& from, const Arrangement& to) {
  ArrangedGroups left = arranged(link.groups, &ReshapeGroup::from, from, link.absorbs_order);
  ArrangedGroups right = arranged(link.groups, &ReshapeGroup::to, to, false);
  return left.in_order && right.in_order && left.sequence == right.sequence;
}

bool loader_may_convert(const graph::Port& port, const Target& target) {
  return target.feature_level < nnapi::introduced(nnapi::OperationType::TRANSPOSE) &&
         port.caller_layout == graph::Layout::as_pytorch && port.nnapi_layout == graph::Layout::as_pytorch &&
         port.shape.size() == 4;
}

bool is_channels_last(const Arrangement& arrangement) { return arrangement == graph::nchw_to_nhwc; }

LayoutSearch::LayoutSearch(const Graph& graph, AxisWebs& webs, std::vector<LayoutLink> links, const Target& target)
    : graph_(graph), webs_(webs), links_(std::move(links)), target_(target), links_of_web_(webs.web_count()) {
  for (uint32_t i = 0; i < links_.size(); ++i) {
    uint32_t from = webs_.web(links_[i].from);
    links_of_web_[from].push_back(i);
    bool has_two_ends = links_[i].kind == Kind::transpose || links_[i].kind == Kind::reshape;
    if (has_two_ends && webs_.web(links_[i].to) != from) links_of_web_[webs_.web(links_[i].to)].push_back(i);
  }
}

double LayoutSearch::move_cost(OperandId id, Difference difference) const {
  if (difference == Difference::none) return 0;
  const TensorType& type = graph_.type(id);
  const auto is_legal = [&](nnapi::FeatureLevel level) { return level != 0 && level <= target_.feature_level; };
  if (difference == Difference::unit_dimensions) {
    if (is_legal(reshape_level(type))) return 1;  // nearly free, but not nothing
    // What integers and bools are written as instead may not be possible either (rewrites/integers.cpp).
    return type.type == OperandType::TENSOR_INT32 ? 4 * per_operation : impossible;
  }
  const nnapi::FeatureLevel level = transpose_level(type);
  const double moved =
      per_operation + static_cast<double>(graph::element_count(type.shape) * nnapi::element_size(type.type));
  if (is_legal(level)) return moved;
  // Legalisation writes it with several operations, of floats (rewrites/transposition.cpp).
  constexpr double detour = 16;
  return level != 0 && type.type == OperandType::TENSOR_FLOAT32 ? detour * moved : impossible;
}

double LayoutSearch::cost(const LayoutLink& link) const {
  const Shape& shape = graph_.shape(link.from);
  Arrangement from = webs_.arrangement(link.from);
  Arrangement logical = graph::identity_permutation(shape.size());
  switch (link.kind) {
    case Kind::demand: return move_cost(link.from, difference(shape, from, logical));
    case Kind::port:
      if (link.loader_converts && is_channels_last(from)) return 0;
      // Of places that cost the same, the border is the best: nothing is kept apart there that could be fused.
      return move_cost(link.from, difference(shape, from, logical)) * (1 - 1e-6);
    case Kind::transpose:
      return move_cost(link.from,
                       difference(shape, from, graph::composed(link.permutation, webs_.arrangement(link.to))));
    case Kind::reshape: {
      Arrangement to = webs_.arrangement(link.to);
      if (reshapes_in_place(link, from, to)) return 0;
      Arrangement logical_to = graph::identity_permutation(to.size());
      return move_cost(link.from, difference(shape, from, logical)) +
             move_cost(link.to, difference(graph_.shape(link.to), to, logical_to));
    }
  }
  return 0;
}

double LayoutSearch::cost_of(const std::vector<uint32_t>& links) const {
  double sum = 0;
  for (uint32_t link : links) sum += cost(links_[link]);
  return sum;
}

std::vector<uint32_t> LayoutSearch::links_around(const std::vector<uint32_t>& webs) const {
  std::set<uint32_t> links;
  for (uint32_t web : webs) links.insert(links_of_web_[web].begin(), links_of_web_[web].end());
  return {links.begin(), links.end()};
}

/// The arrangement of one end of a link that makes it free, given the other end's.
std::optional<Arrangement> LayoutSearch::matching(const LayoutLink& link, bool of_from) const {
  if (link.kind == Kind::transpose) {
    if (of_from) return graph::composed(link.permutation, webs_.arrangement(link.to));
    return graph::composed(graph::inverse(link.permutation), webs_.arrangement(link.from));
  }
  auto mine = of_from ? &ReshapeGroup::from : &ReshapeGroup::to;
  auto other = of_from ? &ReshapeGroup::to : &ReshapeGroup::from;
  Arrangement given = webs_.arrangement(of_from ? link.to : link.from);
  ArrangedGroups groups = arranged(link.groups, other, given, link.absorbs_order && !of_from);
  if (!groups.in_order) return std::nullopt;
  Arrangement result;
  for (size_t group : groups.sequence)
    result.insert(result.end(), (link.groups[group].*mine).begin(), (link.groups[group].*mine).end());
  // Dimensions of size 1 keep their logical places as well as they can.
  size_t rank = graph_.shape(of_from ? link.from : link.to).size();
  for (uint32_t dimension = 0; dimension < rank; ++dimension)
    if (std::find(result.begin(), result.end(), dimension) == result.end())
      result.insert(result.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(dimension, result.size())),
                    dimension);
  return result;
}

std::optional<std::vector<uint32_t>> LayoutSearch::wanted_order(const LayoutLink& link, uint32_t web) const {
  if (link.kind == Kind::demand)
    return webs_.order_for(link.from, graph::identity_permutation(graph_.shape(link.from).size()));
  if (link.kind == Kind::port) {
    bool image = link.loader_converts;
    return webs_.order_for(link.from,
                           image ? graph::nchw_to_nhwc : graph::identity_permutation(graph_.shape(link.from).size()));
  }
  bool of_from = webs_.web(link.from) == web;
  std::optional<Arrangement> arrangement = matching(link, of_from);
  if (!arrangement) return std::nullopt;
  return webs_.order_for(of_from ? link.from : link.to, *arrangement);
}

/// Lets webs that were in step with a changed one stay in step, as far as the links reach.
void LayoutSearch::follow_links(std::vector<uint32_t>& changed,
                                std::vector<std::pair<uint32_t, std::vector<uint32_t>>>& undo) {
  for (size_t next = 0; next < changed.size(); ++next)
    for (uint32_t number : links_of_web_[changed[next]]) {
      const LayoutLink& link = links_[number];
      if (link.kind == Kind::demand || link.kind == Kind::port || cost(link) == 0) continue;
      uint32_t other = webs_.web(link.from) == changed[next] ? webs_.web(link.to) : webs_.web(link.from);
      if (std::find(changed.begin(), changed.end(), other) != changed.end()) continue;
      std::optional<std::vector<uint32_t>> order = wanted_order(link, other);
      if (!order || *order == webs_.order(other)) continue;
      undo.emplace_back(other, webs_.order(other));
      webs_.set_order(other, std::move(*order));
      changed.push_back(other);
    }
}

bool LayoutSearch::try_order(uint32_t web, const std::vector<uint32_t>& order, bool follow) {
  std::vector<uint32_t> changed{web};
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> undo{{web, webs_.order(web)}};
  webs_.set_order(web, order);
  if (follow) follow_links(changed, undo);
  std::vector<uint32_t> links = links_around(changed);
  double after = cost_of(links);
  std::vector<std::vector<uint32_t>> orders;
  for (const auto& [each, before] : undo) {
    orders.push_back(webs_.order(each));
    webs_.set_order(each, before);
  }
  if (after >= cost_of(links)) return false;
  for (size_t i = 0; i < undo.size(); ++i) webs_.set_order(undo[i].first, std::move(orders[i]));
  return true;
}

bool LayoutSearch::improve(uint32_t web) {
  std::set<std::vector<uint32_t>> tried;
  for (uint32_t number : links_of_web_[web]) {
    std::optional<std::vector<uint32_t>> order = wanted_order(links_[number], web);
    if (!order || *order == webs_.order(web) || !tried.insert(*order).second) continue;
    if (try_order(web, *order, false) || try_order(web, *order, true)) return true;
  }
  return false;
}

void LayoutSearch::run() {
  // Each change lowers the cost, so that this ends; the bound is against rounding only.
  for (size_t round = 0, changed = 1; changed > 0 && round < 64; ++round) {
    changed = 0;
    for (uint32_t web = 0; web < webs_.web_count(); ++web)
      if (!links_of_web_[web].empty() && improve(web)) ++changed;
  }
}

}  // namespace passerelle::passes
