// Chooses a layout for every web (axis_webs.h) so that the permutations that remain cost least.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "axis_webs.h"
#include "passerelle/graph/graph.h"
#include "passerelle/passes/pipeline.h"

namespace passerelle::passes {

/// Where two layouts meet, or one meets an operation that takes its dimensions in one order only.
struct LayoutLink {
  enum class Kind {
    demand,     ///< `from` is needed as it stands
    port,       ///< `from` is an input or output of the graph; the loader can convert that of an image of the model
    transpose,  ///< `to` is `from` with its dimensions in the order of `permutation`
    reshape,    ///< `to` is a RESHAPE of `from`
  };
  Kind kind;
  graph::OperandId from{}, to{};
  graph::Permutation permutation;
  std::vector<ReshapeGroup> groups;
  /// A reshape into the columns of constant matrices: these can be reordered, so that within a group any order will do.
  bool absorbs_order = false;
  /// A port whose layout the loader may convert.
  bool loader_converts = false;
};

/// Whether a RESHAPE between these arrangements needs no TRANSPOSE.
bool reshapes_in_place(const LayoutLink& link, const Arrangement& from, const Arrangement& to);

/// Whether an input or output of the model may lie as NHWC because the loader then converts it: below the level of
/// TRANSPOSE, and where the caller does not hand over NHWC anyway.
bool loader_may_convert(const graph::Port& port, const Target& target);
bool is_channels_last(const Arrangement& arrangement);

class LayoutSearch {
 public:
  LayoutSearch(const graph::Graph& graph, AxisWebs& webs, std::vector<LayoutLink> links, const Target& target);
  /// Changes the orders of webs for as long as the cost falls.
  void run();

 private:
  double cost(const LayoutLink& link) const;
  double cost_of(const std::vector<uint32_t>& links) const;
  double move_cost(graph::OperandId id, Difference difference) const;
  std::optional<std::vector<uint32_t>> wanted_order(const LayoutLink& link, uint32_t web) const;
  std::optional<Arrangement> matching(const LayoutLink& link, bool of_from) const;
  bool improve(uint32_t web);
  bool try_order(uint32_t web, const std::vector<uint32_t>& order, bool follow);
  void follow_links(std::vector<uint32_t>& changed, std::vector<std::pair<uint32_t, std::vector<uint32_t>>>& undo);
  std::vector<uint32_t> links_around(const std::vector<uint32_t>& webs) const;

  const graph::Graph& graph_;
  AxisWebs& webs_;
  std::vector<LayoutLink> links_;
  Target target_;
  std::vector<std::vector<uint32_t>> links_of_web_;
};

}  // namespace passerelle::passes
