#include "passerelle/lowering/lower.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>

#include "alternatives.h"
#include "context.h"
#include "families.h"
#include "passerelle/graph/ways_out.h"
#include "passerelle/support/check.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

using trace::Node;
using trace::TensorId;
using trace::Trace;

using Table = std::map<std::string_view, const Lowering*>;

/// Every lowering there is. A new family of operators is added here.
const Table& table() {
  static const Table rows = [] {
    Table merged;
    for (Span<const Lowering> family : {activation_lowerings(),
                                        attention_lowerings(),
                                        comparison_lowerings(),
                                        convolution_lowerings(),
                                        cumulative_lowerings(),
                                        decomposed_quantization_lowerings(),
                                        diagonal_lowerings(),
                                        einsum_lowerings(),
                                        elementwise_lowerings(),
                                        embedding_lowerings(),
                                        grid_sample_lowerings(),
                                        indexing_lowerings(),
                                        linear_lowerings(),
                                        loss_lowerings(),
                                        norm_lowerings(),
                                        normalisation_lowerings(),
                                        padding_lowerings(),
                                        pooling_lowerings(),
                                        prepacked_lowerings(),
                                        product_lowerings(),
                                        quantization_lowerings(),
                                        quantized_activation_lowerings(),
                                        quantized_arithmetic_lowerings(),
                                        quantized_layer_lowerings(),
                                        recurrent_lowerings(),
                                        reduction_lowerings(),
                                        resize_lowerings(),
                                        scatter_lowerings(),
                                        selection_lowerings(),
                                        shape_lowerings(),
                                        trigonometry_lowerings(),
                                        window_lowerings()})
      for (const Lowering& row : family) {
        bool added = merged.emplace(row.op, &row).second;
        check(added, "an operator has one lowering: " + std::string(row.op));
      }
    return merged;
  }();
  return rows;
}

template <typename Visit>
void for_each_tensor(const trace::Value& value, Visit&& visit) {
  if (const TensorId* id = value.tensor()) visit(*id);
  if (const std::vector<trace::Value>* list = value.list())
    for (const trace::Value& element : *list) for_each_tensor(element, visit);
}

/// Calls `visit` for each tensor that the nodes read, those of their regions among them.
template <typename Visit>
void for_each_read(const std::vector<Node>& nodes, const Visit& visit) {
  for (const Node& node : nodes) {
    for (const auto& argument : node.arguments) for_each_tensor(argument.second, visit);
    for (const trace::Region& region : node.regions) {
      for_each_read(region.nodes, visit);
      for (TensorId id : region.outputs) visit(id);
    }
  }
}

/// And for each that they make.
template <typename Visit>
void for_each_made(const std::vector<Node>& nodes, const Visit& visit) {
  for (const Node& node : nodes) {
    for (const trace::Value& result : node.results) for_each_tensor(result, visit);
    for (const trace::Region& region : node.regions) {
      for (TensorId id : region.inputs) visit(id);
      for_each_made(region.nodes, visit);
    }
  }
}

std::vector<bool> used_tensors(const Trace& trace) {
  std::vector<bool> used(trace.tensors.size(), false);
  auto mark = [&](TensorId id) { used[static_cast<uint32_t>(id)] = true; };
  for_each_read(trace.nodes, mark);
  for (const trace::Port& port : trace.outputs) mark(port.tensor);
  return used;
}

/// What the lowering of a trace and those of its regions share.
struct Whole {
  Lowered lowered;
  std::deque<graph::Graph>
      regions;  ///< graph i + 1 of the module; a deque, as each is being built while others are added
  std::vector<bool> used;
  std::multimap<trace::NodeId, size_t> told;  ///< operators that tracing has refused: the diagnostic
  std::vector<std::optional<size_t>> causes;  ///< of what refused operators have made: the diagnostic
  uint32_t node = 0;  ///< in Trace::nodes, and the first origins: the one that is lowered, or whose region is
};

class Driver {
 public:
  Driver(const Trace& trace, Whole& whole, graph::Graph& graph)
      : trace_(trace),
        whole_(whole),
        graph_(graph),
        operands_(trace.tensors.size()),
        context_(trace, whole.lowered.module, graph, operands_, whole.used) {}

  void run() {
    for (const trace::Port& port : trace_.inputs) add_input(port);
    for (uint32_t i = 0; i < trace_.nodes.size(); ++i) {
      whole_.node = i;
      lower_node(trace_.nodes[i], i);
    }
    for (const trace::Port& port : trace_.outputs) add_output(port);
    graph_.remove_dead();
  }

 private:
  graph::Port make_port(const trace::Port& port) const {
    const trace::Tensor& tensor = trace_[port.tensor];
    graph::Port result;
    result.name = port.name;
    result.element_type = tensor.type;
    result.shape = Shape(tensor.shape.begin(), tensor.shape.end());
    result.quantization = tensor.quantization;
    return result;
  }

  void refuse_port(const trace::Port& port, const char* kind) {
    graph::Diagnostic diagnostic;
    diagnostic.reason = Reason::element_type;
    diagnostic.op = std::string(kind) + " " + port.name;
    diagnostic.message = "it has type " + std::string(graph::name(trace_[port.tensor].type)) + ", which NNAPI lacks";
    diagnostic.suggestion = alternative_to(trace_[port.tensor].type);
    whole_.causes[index(port.tensor)] = whole_.lowered.diagnostics.size();
    whole_.lowered.diagnostics.push_back(std::move(diagnostic));
  }

  /// Whatever is done with it: NNAPI reads a size of 0 as one that is not known yet, and the file has a highest rank.
  /// `used`: the operators that read it are refused where it is empty.
  void refuse_shape(const trace::Port& port, const char* kind, bool used) {
    constexpr size_t highest_rank = 8;
    const std::vector<int64_t>& shape = trace_[port.tensor].shape;
    const bool is_high = shape.size() > highest_rank;
    if (whole_.causes[index(port.tensor)] || (!is_high && (used || !is_empty(port.tensor)))) return;
    graph::Diagnostic diagnostic;
    diagnostic.reason = is_high ? Reason::rank : Reason::argument;
    diagnostic.op = std::string(kind) + " " + port.name;
    diagnostic.message = is_high ? "it has " + std::to_string(shape.size()) + " dimensions, of " +
                                       std::to_string(highest_rank) + " that an input or output may have"
                                 : "it is empty: one of its sizes is 0, which NNAPI takes for one that is not known";
    diagnostic.suggestion = is_high ? "give it fewer dimensions" : "leave it out";
    whole_.lowered.diagnostics.push_back(std::move(diagnostic));
  }

  void add_input(const trace::Port& port) {
    if (!operand_type(trace_[port.tensor].type)) refuse_port(port, "input");
    refuse_shape(port, "input", whole_.used[index(port.tensor)]);
    graph::Port added = make_port(port);
    const bool half = trace_[port.tensor].type == graph::ElementType::float16;
    TensorType type = tensor_type(trace_[port.tensor]);
    if (half) type.type = nnapi::OperandType::TENSOR_FLOAT16;
    if (port.channels_last) {
      added.caller_layout = added.nnapi_layout = graph::Layout::channels_last;
      type.shape = graph::permuted(type.shape, graph::nchw_to_nhwc);
    }
    enter_border("input");
    const OperandId id = graph_.add_operand(std::move(type));
    const OperandId value = half ? context_.widened(id) : id;
    operand(port.tensor) = port.channels_last ? context_.to_nchw(value) : value;
    whole_.lowered.module.add_input(id, std::move(added));
  }

  void add_output(const trace::Port& port) {
    graph::Port added = make_port(port);
    refuse_shape(port, "output", false);
    enter_border("output");
    OperandId id{};
    try {
      id = context_.operand(port.tensor);
      if (trace_[port.tensor].type == graph::ElementType::float16) id = context_.halved(id);
    } catch (const Refusal&) {
      if (!cause_of(port.tensor)) refuse_port(port, "output");
      id = graph_.add_operand(tensor_type(trace_[port.tensor]));
      graph_.operations.push_back(opaque("output", {id}));
    }
    whole_.lowered.module.add_output(id, std::move(added));
  }

  /// What is made at the border (a layout change, a constant that is returned) has an origin of its own.
  void enter_border(const char* name) {
    border_ = Node{};
    border_.op = name;
    const auto number = static_cast<uint32_t>(whole_.lowered.module.origins.size());
    graph::Origin origin;
    origin.op = name;
    whole_.lowered.module.origins.push_back(std::move(origin));
    context_.enter(border_, number);
  }

  void lower_node(const Node& node, uint32_t origin) {
    context_.enter(node, origin);
    const Lowering* row = row_of(node);
    try {
      if (!node.regions.empty()) return node.op == "prim::If" ? lower_if(node, origin) : lower_loop(node, origin);
      if (!row)
        context_.refuse(Reason::no_counterpart, why_not_lowered(node.op),
                        alternative(node.op, has_type_without_name(node)));
      refuse_empty_tensors(node);
      row->function(context_);
      for (const trace::Value& result : node.results) for_each_tensor(result, [&](TensorId id) { require_bound(id); });
      for (const trace::Value& result : node.results) for_each_tensor(result, [&](TensorId id) { note_source(id); });
    } catch (Refusal& refusal) {
      refuse_node(node, origin, std::move(refusal.diagnostic));
    } catch (const graph::Misfit& misfit) {
      refuse_node(node, origin, context_.diagnostic(Reason::element_type, misfit.message, misfit.suggestion));
    }
  }

  void refuse_node(const Node& node, uint32_t origin, graph::Diagnostic diagnostic) {
    note_refusal(node, *whole_.lowered.module.origins[origin].node, std::move(diagnostic));
    add_opaque(node, origin);
  }

  /// One cause is one obstacle: what is refused because of what a refused operator has made belongs to that operator.
  void note_refusal(const Node& node, trace::NodeId id, graph::Diagnostic refusal) {
    std::vector<graph::Diagnostic>& diagnostics = whole_.lowered.diagnostics;
    const std::optional<size_t> known = told(node, id);
    std::optional<size_t> cause = known;
    for (const auto& argument : node.arguments)
      for_each_tensor(argument.second, [&](TensorId read) { cause = cause ? cause : cause_of(read); });
    if (!cause) {
      cause = diagnostics.size();
      diagnostics.push_back(std::move(refusal));
    } else if (!known) {
      diagnostics[*cause].nodes.push_back(id);
    }
    for (const trace::Value& result : node.results)
      for_each_tensor(result, [&](TensorId made) { whole_.causes[index(made)] = cause; });
  }
  /// What tracing has said of this operator. Those of a region have one id, which is that of the region's own node.
  std::optional<size_t> told(const Node& node, trace::NodeId id) const {
    const auto [first, last] = whole_.told.equal_range(id);
    const graph::Origin& here = trace_.origins[node.origin];
    const auto says_it = [&](const auto& each) {
      const graph::Origin& place = whole_.lowered.diagnostics[each.second].origin;
      return !is_region() || (place.op == here.op && place.innermost.line == here.innermost.line &&
                              place.innermost.file == here.innermost.file);
    };
    const auto found = std::find_if(first, last, says_it);
    return found == last ? std::nullopt : std::optional<size_t>(found->second);
  }
  bool is_region() const { return &graph_ != &whole_.lowered.module.main(); }
  /// The diagnostic to which it is due that nothing can be done with a tensor: of a type that NNAPI lacks, or empty.
  std::optional<size_t> cause_of(TensorId id) const {
    return is_empty(id) || !operand_type(trace_[id].type) ? whole_.causes[index(id)] : std::nullopt;
  }
  bool has_type_without_name(const Node& node) const {
    bool found = false;
    const auto look = [&](TensorId id) { found = found || trace_[id].type == graph::ElementType::other; };
    for (const auto& argument : node.arguments) for_each_tensor(argument.second, look);
    for (const trace::Value& result : node.results) for_each_tensor(result, look);
    return found;
  }
  static uint32_t index(TensorId id) { return static_cast<uint32_t>(id); }
  bool is_empty(TensorId id) const {
    const std::vector<int64_t>& shape = trace_[id].shape;
    return std::find(shape.begin(), shape.end(), 0) != shape.end();
  }

  const Lowering* row_of(const Node& node) const {
    if (const Lowering* quantized = quantized_lowering(node.op); quantized && has_quantized_tensors(trace_, node))
      return quantized;
    auto row = table().find(node.op);
    return row == table().end() ? nullptr : row->second;
  }

  /// NNAPI reads a size of 0 as one that is not known yet, and lowerings divide by sizes.
  void refuse_empty_tensors(const Node& node) {
    auto refuse = [&](TensorId id) {
      if (trace_[id].constant || !whole_.used[static_cast<uint32_t>(id)]) return;  // torch.cat skips constants
      for (int64_t size : trace_[id].shape)
        if (size == 0) context_.refuse(Reason::argument, "it reads or makes an empty tensor");
    };
    for (const auto& argument : node.arguments) for_each_tensor(argument.second, refuse);
    for (const trace::Value& result : node.results) for_each_tensor(result, refuse);
  }

  /// So that it can be told, when the passes are done, which of the trace's tensors an operand holds.
  void note_source(TensorId id) {
    if (!operand(id) || graph_.is_constant(*operand(id))) return;
    std::optional<uint32_t>& source = graph_[*operand(id)].source;
    if (!source) source = static_cast<uint32_t>(id);
  }

  void require_bound(TensorId id) {
    if (!operand(id) && whole_.used[static_cast<uint32_t>(id)])
      context_.refuse(Reason::no_counterpart, "the model uses a result of it that NNAPI does not give",
                      graph::way_out::values_alone);
  }

  void add_opaque(const Node& node, uint32_t origin) {
    std::vector<OperandId> outputs;
    for (const trace::Value& result : node.results)
      for_each_tensor(result, [&](TensorId id) {
        if (!operand(id)) operand(id) = graph_.add_operand(tensor_type(trace_[id]));
        outputs.push_back(*operand(id));
      });
    // Results that the lowering had bound before it refused already have a producer.
    std::vector<OperandId> unmade;
    for (OperandId id : outputs)
      if (!is_made(id) && !graph_.is_constant(id)) unmade.push_back(id);
    graph::Operation operation = opaque(node.op, std::move(unmade));
    operation.origin = origin;
    for (const auto& argument : node.arguments)
      for_each_tensor(argument.second, [&](TensorId id) {
        if (operand(id)) operation.arguments.emplace_back(*operand(id));
      });
    graph_.operations.push_back(std::move(operation));
  }

  /// By an operation so far, or it is an input.
  bool is_made(OperandId id) {
    const auto mark = [&](OperandId made) { made_[graph::index(made)] = true; };
    if (made_.empty()) {
      made_.resize(graph_.operands.size());
      for (OperandId input : graph_.inputs) mark(input);
    }
    made_.resize(graph_.operands.size());
    for (; marked_ < graph_.operations.size(); ++marked_)
      for (OperandId output : graph_.operations[marked_].outputs) mark(output);
    return made_[graph::index(id)];
  }

  static graph::Operation opaque(std::string name, std::vector<OperandId> outputs) {
    graph::Operation operation;
    operation.opaque_name = std::move(name);
    operation.outputs = std::move(outputs);
    return operation;
  }

  std::optional<OperandId>& operand(TensorId id) { return operands_[static_cast<uint32_t>(id)]; }

  // --- What is decided when the model runs: its regions are graphs of their own.

  /// Tensors from outside that regions read, but for constants: each region has its own.
  std::vector<TensorId> captured(const Node& node) const {
    std::set<TensorId> made;
    for_each_made({node}, [&](TensorId id) { made.insert(id); });
    std::vector<TensorId> ids;
    const auto note = [&](TensorId id) {
      if (!trace_[id].constant && made.count(id) == 0 && std::find(ids.begin(), ids.end(), id) == ids.end())
        ids.push_back(id);
    };
    for (const trace::Region& region : node.regions) {
      for_each_read(region.nodes, note);
      for (TensorId id : region.outputs) note(id);
    }
    return ids;
  }

  graph::GraphId add_graph() {
    whole_.regions.emplace_back();
    return static_cast<graph::GraphId>(whole_.regions.size());
  }
  graph::Graph& graph_of(graph::GraphId id) { return whole_.regions[graph::index(id) - 1]; }

  /// A formal input of this graph.
  OperandId add_formal(TensorType type) {
    graph_.inputs.push_back(graph_.add_operand(std::move(type)));
    return graph_.inputs.back();
  }
  std::vector<OperandId> operands_of(const std::vector<TensorId>& ids) {
    std::vector<OperandId> result;
    for (TensorId id : ids) result.push_back(context_.operand(id));
    return result;
  }

  void lower_if(const Node& node, uint32_t origin) {
    const TensorId condition = *node.arguments.at(0).second.tensor();
    std::vector<TensorId> inside = captured(node);
    if (inside.empty()) inside.push_back(condition);  // NNAPI has no model without inputs
    const std::vector<OperandId> inputs = operands_of(inside);
    graph::GraphId branches[2];
    for (size_t i = 0; i < 2; ++i) {
      branches[i] = add_graph();
      Driver branch(trace_, whole_, graph_of(branches[i]));
      for (size_t k = 0; k < inside.size(); ++k) branch.operand(inside[k]) = branch.add_formal(graph_.type(inputs[k]));
      branch.lower_region(node.regions[i]);
    }
    bind_results(node, append(Op::IF,
                              {{"condition", context_.operand(condition)},
                               {"then_model", branches[0]},
                               {"else_model", branches[1]},
                               {"inputs", inputs}},
                              result_types(node), origin));
  }

  void lower_region(const trace::Region& region) {
    for (const Node& node : region.nodes) lower_node(node, add_inner_origin(node));
    for (TensorId id : region.outputs) graph_.outputs.push_back(context_.operand(id));
  }

  /// Its own line; as a node of the trace it is that which the region belongs to.
  uint32_t add_inner_origin(const Node& node) {
    std::vector<graph::Origin>& origins = whole_.lowered.module.origins;
    graph::Origin origin = trace_.origins[node.origin];
    origin.node = origins[whole_.node].node;
    origins.push_back(std::move(origin));
    return static_cast<uint32_t>(origins.size() - 1);
  }

  /// What comes out of other graphs can't be inferred from what goes in.
  std::vector<OperandId> append(OperationType type, graph::NamedArguments arguments, std::vector<TensorType> outputs,
                                uint32_t origin) {
    graph_.operations.push_back(graph_.make_operation(type, arguments, std::move(outputs), origin));
    return graph_.operations.back().outputs;
  }

  std::vector<TensorType> result_types(const Node& node) const {
    std::vector<TensorType> types;
    for (size_t i = 0; i < node.results.size(); ++i) types.push_back(context_.result_type(i));
    return types;
  }
  void bind_results(const Node& node, const std::vector<OperandId>& values) {
    for (size_t i = 0; i < node.results.size(); ++i) {
      operand(*node.results[i].tensor()) = values[i];
      note_source(*node.results[i].tensor());
    }
  }

  /// How a loop is written as WHILE. Its state: the carried values, then the iteration's number, then whether it goes
  /// on.
  struct Loop {
    const trace::Region& body;
    const trace::Value& count;
    const trace::Value& condition;
    bool is_bounded;     ///< by count
    bool has_condition;  ///< beside it
    bool has_counter;
    std::vector<TensorId> carried;  ///< before the first iteration
    std::vector<TensorId> inside;   ///< what it reads from outside
    size_t state_count() const { return carried.size() + has_counter + has_condition; }
  };

  Loop loop_of(const Node& node) const {
    const trace::Region& body = node.regions.at(0);
    Loop loop{body, node.arguments.at(0).second, node.arguments.at(1).second, true, true, true, {}, captured(node)};
    for (const trace::Value& value : *node.arguments.at(2).second.list()) loop.carried.push_back(*value.tensor());
    const auto* const known_count = std::get_if<int64_t>(&loop.count.data);
    loop.is_bounded = !known_count || *known_count < std::numeric_limits<int32_t>::max();
    const auto* const begins = std::get_if<bool>(&loop.condition.data);
    const std::optional<Constant>& goes_on = trace_[body.outputs.at(0)].constant;
    loop.has_condition =
        !(begins && *begins && goes_on && goes_on->converted(graph::ElementType::int32).integers()[0] != 0);
    loop.has_counter = loop.is_bounded;
    for_each_read(body.nodes, [&](TensorId id) { loop.has_counter = loop.has_counter || id == body.inputs.at(0); });
    for (TensorId id : body.outputs) loop.has_counter = loop.has_counter || id == body.inputs.at(0);
    if (const TensorId* count = loop.count.tensor();
        count && !trace_[*count].constant &&
        std::find(loop.inside.begin(), loop.inside.end(), *count) == loop.inside.end())
      loop.inside.push_back(*count);
    return loop;
  }

  /// What NNAPI hands to a loop's condition and body: their formal inputs are alike.
  void add_formals(const Loop& loop, const std::vector<TensorType>& types) {
    for (const TensorType& type : types) add_formal(type);
    for (size_t i = 0; i < loop.inside.size(); ++i) operand(loop.inside[i]) = graph_.inputs[loop.state_count() + i];
  }

  /// Gives whether the loop goes on.
  void lower_loop_condition(const Loop& loop, const Node& node, uint32_t origin) {
    context_.enter(node, origin);
    std::optional<OperandId> goes_on;
    if (loop.has_condition) goes_on = graph_.inputs[loop.state_count() - 1];
    if (loop.is_bounded) {
      const OperandId counter = graph_.inputs[loop.carried.size()];
      const TensorId* const count = loop.count.tensor();
      const OperandId end = count ? context_.operand(*count) : integer(std::get<int64_t>(loop.count.data));
      const OperandId within =
          context_.emit(Op::LESS, {{"input1", counter}, {"input2", end}}, {OperandType::TENSOR_BOOL8, {1}, {}});
      goes_on = goes_on ? context_.binary(Op::LOGICAL_AND, within, *goes_on) : within;
    }
    if (!goes_on)
      context_.refuse(Reason::data_dependent_control_flow, "the loop never ends", "give it a condition or an end");
    graph_.outputs.push_back(*goes_on);
  }

  void lower_loop_body(const Loop& loop, const Node& node, uint32_t origin) {
    for (size_t i = 0; i < loop.carried.size(); ++i) operand(loop.body.inputs.at(i + 1)) = graph_.inputs[i];
    const OperandId counter = graph_.inputs.at(loop.has_counter ? loop.carried.size() : 0);
    if (loop.has_counter) operand(loop.body.inputs[0]) = counter;
    lower_region(loop.body);
    context_.enter(node, origin);
    const OperandId goes_on = graph_.outputs.front();
    graph_.outputs.erase(graph_.outputs.begin());
    if (loop.has_counter) graph_.outputs.push_back(context_.binary(Op::ADD, counter, integer(1)));
    if (loop.has_condition) graph_.outputs.push_back(goes_on);
  }

  OperandId integer(int64_t value) { return context_.constant_operand(Constant::list({static_cast<int32_t>(value)})); }

  void lower_loop(const Node& node, uint32_t origin) {
    const Loop loop = loop_of(node);
    std::vector<OperandId> inputs = operands_of(loop.carried);
    if (loop.has_counter) inputs.push_back(integer(0));
    if (loop.has_condition) {
      const auto* const known = std::get_if<bool>(&loop.condition.data);
      inputs.push_back(known
                           ? context_.constant_operand(
                                 Constant::from(std::vector<uint8_t>{*known}, {1}).converted(graph::ElementType::bool8))
                           : context_.operand(*loop.condition.tensor()));
    }
    for (OperandId id : operands_of(loop.inside)) inputs.push_back(id);
    std::vector<TensorType> types;
    for (OperandId id : inputs) types.push_back(graph_.type(id));
    const graph::GraphId condition = add_graph(), body = add_graph();
    Driver condition_driver(trace_, whole_, graph_of(condition)), body_driver(trace_, whole_, graph_of(body));
    condition_driver.add_formals(loop, types);
    condition_driver.lower_loop_condition(loop, node, origin);
    body_driver.add_formals(loop, types);
    body_driver.lower_loop_body(loop, node, origin);
    bind_results(node, append(Op::WHILE, {{"condition_model", condition}, {"body_model", body}, {"inputs", inputs}},
                              result_types(node), origin));
  }

  const Trace& trace_;
  Whole& whole_;
  graph::Graph& graph_;
  std::vector<std::optional<OperandId>> operands_;
  std::vector<bool> made_;  ///< by operand: an input, or a result of the first marked_ operations
  size_t marked_ = 0;
  Context context_;
  Node border_;
};

}  // namespace

namespace {

/// `original`: which operator of the model each node stands for.
Lowered lowered(const Trace& trace, const std::vector<uint32_t>& original) {
  Whole whole;
  whole.lowered.diagnostics = trace.diagnostics;
  for (size_t i = 0; i < trace.nodes.size(); ++i) {
    whole.lowered.module.origins.push_back(trace.origins[trace.nodes[i].origin]);
    whole.lowered.module.origins.back().node = trace::NodeId{original[i]};
  }
  for (size_t i = 0; i < trace.diagnostics.size(); ++i)
    for (trace::NodeId node : trace.diagnostics[i].nodes) whole.told.emplace(node, i);
  whole.used = used_tensors(trace);
  whole.causes.resize(trace.tensors.size());
  Driver(trace, whole, whole.lowered.module.main()).run();
  for (graph::Graph& region : whole.regions) {
    region.remove_dead();
    whole.lowered.module.graphs.push_back(std::move(region));
  }
  return std::move(whole.lowered);
}

}  // namespace

Lowered lower(const Trace& trace) {
  const auto is_quantized = [](const trace::Tensor& tensor) { return graph::is_quantized(tensor.type); };
  if (std::any_of(trace.tensors.begin(), trace.tensors.end(), is_quantized)) {
    const Detoured detoured = with_float_detours(trace);
    return lowered(detoured.trace, detoured.original_node);
  }
  std::vector<uint32_t> itself(trace.nodes.size());
  std::iota(itself.begin(), itself.end(), 0u);
  return lowered(trace, itself);
}

std::vector<SupportedOperator> supported_operators() {
  std::vector<SupportedOperator> result;
  for (const auto& [op, row] : table())
    result.push_back({std::string(op), std::string(row->nnapi), std::string(row->limits)});
  for (const auto& [op, on_floats] : names_on_floats()) {
    const Lowering& row = *table().at(on_floats);
    result.push_back(
        {std::string(op), "DEQUANTIZE, " + std::string(row.nnapi) + ", QUANTIZE", std::string(row.limits)});
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.op < b.op; });
  return result;
}

}  // namespace passerelle::lowering
