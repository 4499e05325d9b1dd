// Which dimensions of which operands belong together.
//
// Operations that commute with a permutation (axis_rules.h) tie the dimensions of their operands: permuting one
// permutes all. Tied dimensions form a class; operands tied to one another form a web. One total order of a web's
// classes is a layout of all its operands at once: each operand keeps its dimensions sorted by it.
#pragma once

#include <cstdint>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::passes {

/// Dimensions of an operand, outermost first: dimension arrangement[0] of the logical tensor comes first in storage.
using Arrangement = graph::Permutation;

enum class Difference { none, unit_dimensions, order };
/// How two arrangements of a tensor of this shape differ; dimensions of size 1 carry no order.
Difference difference(const graph::Shape& shape, const Arrangement& a, const Arrangement& b);

class AxisWebs {
 public:
  explicit AxisWebs(const graph::Graph& graph);

  /// Whether the operation ties its operands. RESHAPEs that only add or drop dimensions of size 1 do.
  bool ties(size_t operation) const { return ties_[operation]; }

  size_t web_count() const { return orders_.size(); }
  uint32_t web(graph::OperandId id) const { return web_[graph::index(id)]; }
  const std::vector<uint32_t>& order(uint32_t web) const { return orders_[web]; }
  void set_order(uint32_t web, std::vector<uint32_t> order);

  Arrangement arrangement(graph::OperandId id) const;
  /// The web's order, changed as little as possible so that the operand gets this arrangement.
  std::vector<uint32_t> order_for(graph::OperandId id, const Arrangement& arrangement) const;

 private:
  class Builder;
  std::vector<bool> ties_;
  std::vector<std::vector<uint32_t>> classes_;  // by operand: the class of each dimension
  std::vector<uint32_t> web_;                   // by operand
  std::vector<std::vector<uint32_t>> orders_;   // by web: its classes
  std::vector<uint32_t> position_;              // by class: its place in its web's order
};

/// For a RESHAPE: groups of dimensions of the operand and of the result that hold the same elements in the same order.
/// Dimensions of size 1 belong to no group.
struct ReshapeGroup {
  std::vector<uint32_t> from, to;
};
std::vector<ReshapeGroup> reshape_groups(const graph::Shape& from, const graph::Shape& to);

}  // namespace passerelle::passes
