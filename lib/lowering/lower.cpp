#include "passerelle/lowering/lower.h"

#include <algorithm>
#include <map>
#include <numeric>
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

std::vector<bool> used_tensors(const Trace& trace) {
  std::vector<bool> used(trace.tensors.size(), false);
  auto mark = [&](TensorId id) { used[static_cast<uint32_t>(id)] = true; };
  for (const Node& node : trace.nodes)
    for (const auto& argument : node.arguments) for_each_tensor(argument.second, mark);
  for (const trace::Port& port : trace.outputs) mark(port.tensor);
  return used;
}

class Driver {
 public:
  /// `original`: which operator of the model each node stands for.
  Driver(const Trace& trace, const std::vector<uint32_t>& original)
      : trace_(trace),
        operands_(trace.tensors.size()),
        used_(used_tensors(trace)),
        causes_(trace.tensors.size()),
        context_(trace, lowered_.module, graph(), operands_, used_) {
    lowered_.diagnostics = trace.diagnostics;
    for (size_t i = 0; i < trace.nodes.size(); ++i) {
      lowered_.module.origins.push_back(trace.origins[trace.nodes[i].origin]);
      lowered_.module.origins.back().node = trace::NodeId{original[i]};
    }
    for (size_t i = 0; i < trace.diagnostics.size(); ++i)
      for (trace::NodeId node : trace.diagnostics[i].nodes) told_.emplace(node, i);
  }

  Lowered run() {
    for (const trace::Port& port : trace_.inputs) add_input(port);
    for (uint32_t i = 0; i < trace_.nodes.size(); ++i) lower_node(trace_.nodes[i], i);
    for (const trace::Port& port : trace_.outputs) add_output(port);
    graph().remove_dead();
    return std::move(lowered_);
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
    causes_[index(port.tensor)] = lowered_.diagnostics.size();
    lowered_.diagnostics.push_back(std::move(diagnostic));
  }

  void add_input(const trace::Port& port) {
    if (!operand_type(trace_[port.tensor].type)) refuse_port(port, "input");
    graph::Port added = make_port(port);
    const bool half = trace_[port.tensor].type == graph::ElementType::float16;
    TensorType type = tensor_type(trace_[port.tensor]);
    if (half) type.type = nnapi::OperandType::TENSOR_FLOAT16;
    if (port.channels_last) {
      added.caller_layout = added.nnapi_layout = graph::Layout::channels_last;
      type.shape = graph::permuted(type.shape, graph::nchw_to_nhwc);
    }
    enter_border("input");
    const OperandId id = graph().add_operand(std::move(type));
    const OperandId value = half ? context_.widened(id) : id;
    operand(port.tensor) = port.channels_last ? context_.to_nchw(value) : value;
    lowered_.module.add_input(id, std::move(added));
  }

  void add_output(const trace::Port& port) {
    graph::Port added = make_port(port);
    enter_border("output");
    OperandId id{};
    try {
      id = context_.operand(port.tensor);
      if (trace_[port.tensor].type == graph::ElementType::float16) id = context_.halved(id);
    } catch (const Refusal&) {
      if (!cause_of(port.tensor)) refuse_port(port, "output");
      id = graph().add_operand(tensor_type(trace_[port.tensor]));
      graph().operations.push_back(opaque("output", {id}));
    }
    lowered_.module.add_output(id, std::move(added));
  }

  /// What is made at the border (a layout change, a constant that is returned) has an origin of its own.
  void enter_border(const char* name) {
    border_ = Node{};
    border_.op = name;
    const auto number = static_cast<uint32_t>(lowered_.module.origins.size());
    graph::Origin origin;
    origin.op = name;
    lowered_.module.origins.push_back(std::move(origin));
    context_.enter(border_, number);
  }

  void lower_node(const Node& node, uint32_t origin) {
    context_.enter(node, origin);
    const Lowering* row = row_of(node);
    try {
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
    note_refusal(node, *lowered_.module.origins[origin].node, std::move(diagnostic));
    add_opaque(node, origin);
  }

  /// One cause is one obstacle: what is refused because of what a refused operator has made belongs to that operator.
  void note_refusal(const Node& node, trace::NodeId id, graph::Diagnostic refusal) {
    std::optional<size_t> cause;
    const auto known = told_.find(id);
    if (known != told_.end()) cause = known->second;
    for (const auto& argument : node.arguments)
      for_each_tensor(argument.second, [&](TensorId read) { cause = cause ? cause : cause_of(read); });
    if (!cause) {
      cause = lowered_.diagnostics.size();
      lowered_.diagnostics.push_back(std::move(refusal));
    } else if (known == told_.end()) {
      lowered_.diagnostics[*cause].nodes.push_back(id);
    }
    told_.emplace(id, *cause);
    for (const trace::Value& result : node.results)
      for_each_tensor(result, [&](TensorId made) { causes_[index(made)] = cause; });
  }
  /// The diagnostic to which it is due that nothing can be done with a tensor: of a type that NNAPI lacks, or empty.
  std::optional<size_t> cause_of(TensorId id) const {
    return is_empty(id) || !operand_type(trace_[id].type) ? causes_[index(id)] : std::nullopt;
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
      if (trace_[id].constant || !used_[static_cast<uint32_t>(id)]) return;  // torch.cat skips constants
      for (int64_t size : trace_[id].shape)
        if (size == 0) context_.refuse(Reason::argument, "it reads or makes an empty tensor");
    };
    for (const auto& argument : node.arguments) for_each_tensor(argument.second, refuse);
    for (const trace::Value& result : node.results) for_each_tensor(result, refuse);
  }

  /// So that it can be told, when the passes are done, which of the trace's tensors an operand holds.
  void note_source(TensorId id) {
    if (!operand(id) || graph().is_constant(*operand(id))) return;
    std::optional<uint32_t>& source = graph()[*operand(id)].source;
    if (!source) source = static_cast<uint32_t>(id);
  }

  void require_bound(TensorId id) {
    if (!operand(id) && used_[static_cast<uint32_t>(id)])
      context_.refuse(Reason::no_counterpart, "the model uses a result of it that NNAPI does not give",
                      graph::way_out::values_alone);
  }

  void add_opaque(const Node& node, uint32_t origin) {
    std::vector<OperandId> outputs;
    for (const trace::Value& result : node.results)
      for_each_tensor(result, [&](TensorId id) {
        if (!operand(id)) operand(id) = graph().add_operand(tensor_type(trace_[id]));
        outputs.push_back(*operand(id));
      });
    // Results that the lowering had bound before it refused already have a producer.
    std::vector<std::optional<uint32_t>> producers = graph().producers();
    std::vector<OperandId> unmade;
    for (OperandId id : outputs)
      if (!producers[graph::index(id)] && !graph().is_constant(id) && !is_input(id)) unmade.push_back(id);
    graph::Operation operation = opaque(node.op, std::move(unmade));
    operation.origin = origin;
    for (const auto& argument : node.arguments)
      for_each_tensor(argument.second, [&](TensorId id) {
        if (operand(id)) operation.arguments.emplace_back(*operand(id));
      });
    graph().operations.push_back(std::move(operation));
  }

  bool is_input(OperandId id) const {
    const std::vector<OperandId>& inputs = lowered_.module.main().inputs;
    return std::find(inputs.begin(), inputs.end(), id) != inputs.end();
  }

  static graph::Operation opaque(std::string name, std::vector<OperandId> outputs) {
    graph::Operation operation;
    operation.opaque_name = std::move(name);
    operation.outputs = std::move(outputs);
    return operation;
  }

  graph::Graph& graph() { return lowered_.module.main(); }
  std::optional<OperandId>& operand(TensorId id) { return operands_[static_cast<uint32_t>(id)]; }

  const Trace& trace_;
  Lowered lowered_;
  std::vector<std::optional<OperandId>> operands_;
  std::vector<bool> used_;
  std::map<trace::NodeId, size_t> told_;       ///< refused operators: the diagnostic
  std::vector<std::optional<size_t>> causes_;  ///< of what refused operators have made: the diagnostic
  Context context_;
  Node border_;
};

}  // namespace

Lowered lower(const Trace& trace) {
  const auto is_quantized = [](const trace::Tensor& tensor) { return graph::is_quantized(tensor.type); };
  if (std::any_of(trace.tensors.begin(), trace.tensors.end(), is_quantized)) {
    const Detoured detoured = with_float_detours(trace);
    return Driver(detoured.trace, detoured.original_node).run();
  }
  std::vector<uint32_t> itself(trace.nodes.size());
  std::iota(itself.begin(), itself.end(), 0u);
  return Driver(trace, itself).run();
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
