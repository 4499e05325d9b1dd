// Layout is one pass: lowerings write TRANSPOSE → op → TRANSPOSE; here the order of dimensions is chosen for the whole
// graph, and what then remains of the TRANSPOSEs is written.
//
//   1. Dimensions that operations tie together are found (axis_webs.h).
//   2. Every web gets the order that leaves the cheapest TRANSPOSEs where webs meet (layout_search.h).
//   3. The graph is rewritten: axes renamed, constants permuted, a linear layer's weights reordered behind a flatten.
#include <algorithm>
#include <set>

#include "axis_rules.h"
#include "axis_webs.h"
#include "editor.h"
#include "layout_search.h"
#include "passes.h"
#include "reads.h"

namespace passerelle::passes {
namespace {

using Kind = LayoutLink::Kind;

/// FULLY_CONNECTED layers with constant weights are all that reads it: its columns may come in any order.
bool feeds_constant_matrices(const Graph& graph, OperandId id, const std::vector<uint32_t>& readers) {
  return !readers.empty() && graph.shape(id).size() == 2 &&
         std::all_of(readers.begin(), readers.end(), [&](uint32_t reader) {
           const Operation& operation = graph.operations[reader];
           return operation.is(Op::FULLY_CONNECTED) && operation.operand("input") == id &&
                  graph.is_constant(operation.operand("weights"));
         });
}

/// What may become of a graph's formal inputs and outputs: the model's are images that the loader may convert, those of
/// a graph that others refer to stay as they are.
class Border {
 public:
  Border(graph::Ports* ports, const Target& target) : ports_(ports), target_(target) {}
  bool loader_converts_input(size_t i) const { return ports_ && loader_may_convert(ports_->inputs[i], target_); }
  bool loader_converts_output(size_t i) const { return ports_ && loader_may_convert(ports_->outputs[i], target_); }
  void convert_input(size_t i) { ports_->inputs[i].nnapi_layout = graph::Layout::channels_last; }
  void convert_output(size_t i) { ports_->outputs[i].nnapi_layout = graph::Layout::channels_last; }

 private:
  graph::Ports* ports_;  // none: not the model
  const Target& target_;
};

class LinkCollector {
 public:
  LinkCollector(const Graph& graph, const AxisWebs& webs, const Border& border)
      : graph_(graph),
        webs_(webs),
        border_(border),
        consumers_(graph.consumers()),
        returned_(returned_operands(graph)),
        demanded_(graph.operands.size(), false) {}

  std::vector<LayoutLink> collect() {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) add_border(graph_.inputs[i], border_.loader_converts_input(i));
    for (size_t i = 0; i < graph_.operations.size(); ++i) collect(graph_.operations[i], webs_.ties(i));
    for (size_t i = 0; i < graph_.outputs.size(); ++i) add_border(graph_.outputs[i], border_.loader_converts_output(i));
    return std::move(links_);
  }

 private:
  void collect(const Operation& operation, bool ties) {
    if (ties) return;
    if (operation.is(Op::TRANSPOSE)) {
      if (std::optional<Permutation> permutation = constant_permutation(graph_, operation)) {
        LayoutLink link{Kind::transpose, operation.operand("input"), operation.output(), std::move(*permutation), {}};
        links_.push_back(std::move(link));
        return;
      }
    }
    if (operation.is(Op::RESHAPE)) {
      OperandId from = operation.operand("input"), to = operation.output();
      LayoutLink link{Kind::reshape, from, to, {}, reshape_groups(graph_.shape(from), graph_.shape(to))};
      link.absorbs_order = !returned_[index(to)] && feeds_constant_matrices(graph_, to, consumers_[index(to)]);
      links_.push_back(std::move(link));
      return;
    }
    for (OperandId id : operation.inputs()) demand(id);
    for (OperandId id : operation.outputs) demand(id);
  }

  /// However many operations need it as it stands, one TRANSPOSE serves them.
  void demand(OperandId id) {
    if (!demanded_[index(id)]) add(Kind::demand, id);
    demanded_[index(id)] = true;
  }

  void add_border(OperandId id, bool loader_converts) {
    const size_t before = links_.size();
    add(Kind::port, id);
    if (links_.size() > before) links_.back().loader_converts = loader_converts;
  }

  void add(Kind kind, OperandId id) {
    if (!graph_.is_constant(id)) links_.push_back({kind, id, {}, {}, {}});
  }

  const Graph& graph_;
  const AxisWebs& webs_;
  const Border& border_;
  std::vector<std::vector<uint32_t>> consumers_;
  std::vector<bool> returned_;
  std::vector<bool> demanded_;
  std::vector<LayoutLink> links_;
};

/// Writes the graph anew in the chosen layout. Each operand exists as it is stored, as the operations that commute with
/// permutations take it, or in its logical order, as the others do; the one is made from the other when it is first
/// needed.
class LayoutWriter {
 public:
  /// `absorbing`: results of flattens whose readers' weights can be reordered.
  LayoutWriter(Graph& graph, const AxisWebs& webs, Border& border, std::set<OperandId> absorbing)
      : graph_(graph), webs_(webs), border_(border), absorbing_(std::move(absorbing)), editor_(graph) {
    for (const Operand& operand : graph.operands) shapes_.push_back(operand.type.shape);
    stored_.resize(shapes_.size());
    logical_.resize(shapes_.size());
    matrix_order_.resize(shapes_.size());
  }

  void run(const std::vector<bool>& ties) {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) enter(i);
    size_t next = 0;
    editor_.run(
        [&](Operation operation) {
          if (ties[next++])
            write_tied(std::move(operation));
          else
            write_link(std::move(operation));
        },
        [&] {
          for (size_t i = 0; i < graph_.outputs.size(); ++i) leave(i);
        });
  }

 private:
  struct Columns {
    Shape sizes;
    Permutation order;
  };

  Arrangement arrangement(OperandId id) const { return webs_.arrangement(id); }
  Arrangement logical_order(OperandId id) const { return graph::identity_permutation(shapes_[index(id)].size()); }

  void enter(size_t input) {
    OperandId id = graph_.inputs[input];
    if (border_.loader_converts_input(input) && is_channels_last(arrangement(id))) {
      border_.convert_input(input);
      graph_[id].type.shape = graph::permuted(shapes_[index(id)], arrangement(id));
      stored_[index(id)] = id;
    } else {
      logical_[index(id)] = id;
    }
  }

  void leave(size_t output) {
    OperandId& id = graph_.outputs[output];
    if (!graph_.is_constant(id) && border_.loader_converts_output(output) && is_channels_last(arrangement(id))) {
      border_.convert_output(output);
      id = stored(id);
    } else {
      id = logical(id);
    }
  }

  OperandId stored(OperandId id) {
    std::optional<OperandId>& known = stored_[index(id)];
    if (!known) known = rearranged(id, *logical_[index(id)], logical_order(id), arrangement(id));
    return *known;
  }

  OperandId logical(OperandId id) {
    if (graph_.is_constant(id)) return id;
    std::optional<OperandId>& known = logical_[index(id)];
    if (!known) known = rearranged(id, *stored_[index(id)], arrangement(id), logical_order(id));
    return *known;
  }

  /// `value` holds the numbers of operand `id`: it has the same source, if it has none.
  OperandId as_source(OperandId id, OperandId value) {
    if (!graph_[value].source) graph_[value].source = graph_[id].source;
    return value;
  }

  /// `value` holds operand `id` with its dimensions in the order `from`; gives it with them in the order `to`.
  OperandId rearranged(OperandId id, OperandId value, const Arrangement& from, const Arrangement& to) {
    const Shape& shape = shapes_[index(id)];
    if (difference(shape, from, to) != Difference::order)
      return as_source(id, editor_.reshape(value, graph::permuted(shape, to)));
    return as_source(id, editor_.transpose(value, graph::composed(graph::inverse(from), to)));
  }

  void write_tied(Operation operation) {
    for (OperandId id : operation.outputs) {
      graph_[id].type.shape = graph::permuted(shapes_[index(id)], arrangement(id));
      stored_[index(id)] = id;
    }
    if (operation.is(Op::RESHAPE)) return write_reshape(std::move(operation));
    std::vector<OperandId> taking_part = permutable_inputs(operation);
    Arrangement order = reference_arrangement(operation, taking_part);
    operation.for_each_input([&](OperandId& id) {
      bool permutes = std::find(taking_part.begin(), taking_part.end(), id) != taking_part.end();
      if (permutes)
        id = graph_.is_constant(id) ? permuted_constant(id, order) : in_step(id, order);
      else
        id = logical(id);
    });
    move_axes(graph_, operation, graph::inverse(order));
    editor_.keep(std::move(operation));
  }

  /// The order of the operation's own dimensions: that of its operand where a result has lost some.
  Arrangement reference_arrangement(const Operation& operation, const std::vector<OperandId>& taking_part) const {
    if (!is_elementwise(*operation.type))
      for (OperandId id : taking_part)
        if (!graph_.is_constant(id)) return arrangement(id);
    return arrangement(operation.output());
  }

  OperandId in_step(OperandId id, const Arrangement& order) {
    bool is_single = shapes_[index(id)].size() != order.size();
    return is_single ? logical(id) : stored(id);
  }

  OperandId permuted_constant(OperandId id, const Arrangement& order) {
    if (graph::is_identity(order) || graph_.shape(id).size() > order.size()) return id;
    Constant constant = *graph_[id].constant;
    graph::Quantization quantization = graph_.type(id).quantization;
    if (constant.size() == 1 && constant.shape().size() < order.size()) return id;
    size_t added = order.size() - constant.shape().size();
    if (added > 0) {
      Shape raised(added, 1);
      raised.insert(raised.end(), constant.shape().begin(), constant.shape().end());
      constant = constant.reshaped(std::move(raised));
    }
    quantization.channel_dimension = graph::inverse(order)[quantization.channel_dimension + added];
    if (quantization.channel_scales.empty()) quantization.channel_dimension = 0;
    return graph_.add_constant(constant.permuted(order), std::move(quantization));
  }

  void write_reshape(Operation operation) {
    OperandId output = operation.output();
    OperandId made = editor_.reshape(stored(operation.operand("input")), graph_.shape(output));
    stored_[index(output)] = as_source(output, made);
  }

  void write_link(Operation operation) {
    if (operation.is(Op::TRANSPOSE) && constant_permutation(graph_, operation)) return write_transpose(operation);
    if (operation.is(Op::RESHAPE)) return write_reshape_link(std::move(operation));
    if (operation.is(Op::FULLY_CONNECTED)) reorder_columns(operation);
    operation.for_each_input([&](OperandId& id) { id = logical(id); });
    for (OperandId id : operation.outputs) logical_[index(id)] = id;
    editor_.keep(std::move(operation));
  }

  void write_transpose(const Operation& operation) {
    OperandId from = operation.operand("input"), to = operation.output();
    // In terms of the operand's dimensions: as the result is stored.
    Arrangement wanted = graph::composed(*constant_permutation(graph_, operation), arrangement(to));
    bool from_logical =
        logical_[index(from)] && difference(shapes_[index(from)], logical_order(from), wanted) != Difference::order;
    stored_[index(to)] = as_source(to, from_logical ? rearranged(from, logical(from), logical_order(from), wanted)
                                                    : rearranged(from, stored(from), arrangement(from), wanted));
  }

  void write_reshape_link(Operation operation) {
    OperandId from = operation.operand("input"), to = operation.output();
    LayoutLink link{Kind::reshape, from, to, {}, reshape_groups(shapes_[index(from)], shapes_[index(to)])};
    link.absorbs_order = absorbing_.count(to) != 0;
    if (graph_.is_constant(from) || !reshapes_in_place(link, arrangement(from), arrangement(to))) {
      logical_[index(to)] = as_source(to, editor_.reshape(logical(from), shapes_[index(to)]));
      return;
    }
    stored_[index(to)] =
        as_source(to, editor_.reshape(stored(from), graph::permuted(shapes_[index(to)], arrangement(to))));
    if (link.absorbs_order) matrix_order_[index(to)] = columns_of(link, arrangement(from));
  }

  /// The dimensions that were flattened into the columns, and in which order they are stored.
  Columns columns_of(const LayoutLink& link, const Arrangement& from) const {
    Columns columns;
    for (const ReshapeGroup& group : link.groups) {
      if (group.to != std::vector<uint32_t>{1}) continue;
      for (uint32_t dimension : group.from) columns.sizes.push_back(shapes_[index(link.from)][dimension]);
      for (uint32_t dimension : from) {
        auto place = std::find(group.from.begin(), group.from.end(), dimension);
        if (place != group.from.end()) columns.order.push_back(static_cast<uint32_t>(place - group.from.begin()));
      }
    }
    return columns;
  }

  /// The columns of the weights follow the order of dimensions that was flattened before them.
  void reorder_columns(Operation& operation) {
    const auto& [sizes, order] = matrix_order_[index(operation.operand("input"))];
    if (graph::is_identity(order)) return;
    OperandId weights = operation.operand("weights");
    const Constant& constant = *graph_[weights].constant;
    Shape split{constant.shape()[0]};
    split.insert(split.end(), sizes.begin(), sizes.end());
    Permutation permutation{0};
    for (uint32_t dimension : order) permutation.push_back(dimension + 1);
    Constant reordered = constant.reshaped(split).permuted(permutation).reshaped(constant.shape());
    operation.argument("weights") = graph_.add_constant(std::move(reordered), graph_.type(weights).quantization);
  }

  Graph& graph_;
  const AxisWebs& webs_;
  Border& border_;
  std::set<OperandId> absorbing_;
  Editor editor_;
  std::vector<Shape> shapes_;  // by operand: in logical order
  std::vector<std::optional<OperandId>> stored_, logical_;
  std::vector<Columns> matrix_order_;  // of results of flattens before matrices
};

void solve_layout(Graph& graph, Border border, const Target& target) {
  AxisWebs webs(graph);
  std::vector<LayoutLink> links = LinkCollector(graph, webs, border).collect();
  std::set<OperandId> absorbing;
  for (const LayoutLink& link : links)
    if (link.absorbs_order) absorbing.insert(link.to);
  LayoutSearch(graph, webs, std::move(links), target).run();
  std::vector<bool> ties;
  for (size_t i = 0; i < graph.operations.size(); ++i) ties.push_back(webs.ties(i));
  LayoutWriter(graph, webs, border, std::move(absorbing)).run(ties);
}

}  // namespace

void solve_layout(graph::Module& module, const Target& target) {
  for (Graph& graph : module.graphs)
    solve_layout(graph, Border(&graph == &module.main() ? &module.ports : nullptr, target), target);
}

}  // namespace passerelle::passes
