// One form for what can be said in several, and nothing that does nothing.
//
//   SQUEEZE, EXPAND_DIMS                        → RESHAPE
//   RESHAPE of RESHAPE, TRANSPOSE of TRANSPOSE  → one
//   RESHAPE or TRANSPOSE of a constant          → a constant
//   MEAN or REDUCE, then RESHAPE that drops the reduced dimensions → keep_dims off
//   a group of channels swapped by RESHAPE, TRANSPOSE, RESHAPE     → CHANNEL_SHUFFLE
//   whatever leaves its operand as it is        → its operand
#include <algorithm>

#include "editor.h"
#include "passes.h"

namespace passerelle::passes {
namespace {

/// The operations that made the operands so far, for looking upwards.
class Producers {
 public:
  explicit Producers(const Graph& graph) : graph_(graph) {}
  const Operation* of(OperandId id) {
    for (; seen_ < graph_.operations.size(); ++seen_)
      for (OperandId output : graph_.operations[seen_].outputs) {
        if (producer_.size() <= index(output)) producer_.resize(graph_.operands.size());
        producer_[index(output)] = static_cast<uint32_t>(seen_) + 1;
      }
    if (index(id) >= producer_.size() || producer_[index(id)] == 0) return nullptr;
    return &graph_.operations[producer_[index(id)] - 1];
  }
  const Operation* of(OperandId id, OperationType type) {
    const Operation* operation = of(id);
    return operation && operation->is(type) ? operation : nullptr;
  }

 private:
  const Graph& graph_;
  std::vector<uint32_t> producer_;
  size_t seen_ = 0;
};

bool all_equal(const Graph& graph, OperandId id, int32_t value) {
  std::optional<std::vector<int32_t>> values = constant_list(graph, id);
  return values && std::all_of(values->begin(), values->end(), [&](int32_t each) { return each == value; });
}

/// Whether the operation's result is its first operand, bit for bit but for the sign of zero.
bool does_nothing(const Graph& graph, const Operation& operation) {
  auto constant_of = [&](const char* name, float value) {
    OperandId id = operation.operand(name);
    if (!graph.is_constant(id) || graph.type(id).type != OperandType::TENSOR_FLOAT32) return false;
    return graph[id].constant->is_uniform() && graph[id].constant->size() > 0 &&
           graph[id].constant->sliced(0, 0, 1).floats().front() == value;
  };
  switch (*operation.type) {
    case Op::PAD:
    case Op::PAD_V2: return all_equal(graph, operation.operand("paddings"), 0);
    case Op::CAST: return true;
    case Op::TILE: return all_equal(graph, operation.operand("multiples"), 1);
    case Op::ADD:
    case Op::SUB: return operation.integer("activation") == 0 && constant_of("input2", 0);
    case Op::MUL:
    case Op::DIV: return operation.integer("activation") == 0 && constant_of("input2", 1);
    default: return false;
  }
}

class Simplifier {
 public:
  Simplifier(Graph& graph, Shuffles shuffles)
      : graph_(graph), shuffles_(shuffles), readers_(graph.consumers()), editor_(graph), producers_(graph) {}

  void run() {
    editor_.run([&](Operation operation) { visit(std::move(operation)); });
  }

 private:
  void visit(Operation operation) {
    if (!operation.type) return editor_.keep(std::move(operation));
    switch (*operation.type) {
      case Op::EXPAND_DIMS:
        // RESHAPE takes INT32 from feature level 6 on only.
        if (graph_.type(operation.output()).type == OperandType::TENSOR_INT32) break;
        return visit_reshape(operation);
      case Op::RESHAPE:
      case Op::SQUEEZE: return visit_reshape(operation);
      case Op::TRANSPOSE: return visit_transpose(std::move(operation));
      default: break;
    }
    if (keeps_shape(operation) && does_nothing(graph_, operation))
      return editor_.replace(operation.output(), operation.operand(first_name(operation)));
    if (is_whole_slice(operation)) return editor_.replace(operation.output(), operation.operand("input"));
    editor_.keep(std::move(operation));
  }

  static std::string_view first_name(const Operation& operation) {
    return nnapi::argument_table(*operation.type)[0].name;
  }

  bool keeps_shape(const Operation& operation) const {
    if (operation.outputs.size() != 1 || operation.arguments.empty()) return false;
    const auto* first = std::get_if<OperandId>(&operation.arguments.front());
    return first && graph_.type(*first) == graph_.type(operation.output());
  }

  /// A slice as large as its operand, without steps backwards, is its operand.
  bool is_whole_slice(const Operation& operation) const {
    return (operation.is(Op::SLICE) || operation.is(Op::STRIDED_SLICE)) && keeps_shape(operation) &&
           (operation.is(Op::SLICE) || all_equal(graph_, operation.operand("strides"), 1));
  }

  /// `input` has the same elements as `output`, and may be all that is left of it.
  void pass_source_on(OperandId output, OperandId input) {
    if (!graph_[input].source && !graph_.is_constant(input)) graph_[input].source = graph_[output].source;
  }

  void visit_reshape(const Operation& operation) {
    OperandId input = operation.operand("input");
    while (const Operation* before = producers_.of(input, Op::RESHAPE)) input = before->operand("input");
    pass_source_on(operation.output(), input);
    reshape_to(input, operation.output());
  }

  /// `output` becomes a RESHAPE of `input`, or of what `input` was made of.
  void reshape_to(OperandId input, OperandId output) {
    const TensorType type = graph_.type(output);
    if (graph_.is_constant(input))
      return editor_.replace(
          output, graph_.add_constant(graph_[input].constant->reshaped(type.shape), graph_.type(input).quantization));
    if (graph_.type(input) == type) return editor_.replace(output, input);
    if (shuffle_channels(input, output) || drop_reduced_dimensions(input, output)) return;
    editor_.replace(output, editor_.reshape(input, type.shape));
  }

  void visit_transpose(Operation operation) {
    OperandId input = operation.operand("input");
    std::optional<Permutation> permutation = constant_permutation(graph_, operation);
    if (!permutation) return editor_.keep(std::move(operation));
    while (const Operation* before = producers_.of(input, Op::TRANSPOSE)) {
      std::optional<Permutation> earlier = constant_permutation(graph_, *before);
      if (!earlier) break;
      permutation = graph::composed(*earlier, *permutation);
      input = before->operand("input");
    }
    OperandId output = operation.output();
    pass_source_on(output, input);
    if (graph_.is_constant(input)) {
      graph::Quantization quantization = graph_.type(input).quantization;
      if (!quantization.channel_scales.empty())
        quantization.channel_dimension = graph::inverse(*permutation)[quantization.channel_dimension];
      return editor_.replace(
          output, graph_.add_constant(graph_[input].constant->permuted(*permutation), std::move(quantization)));
    }
    editor_.replace(output, editor_.transpose(input, *permutation));
  }

  /// RESHAPE (one dimension split in two), TRANSPOSE (the two swapped), RESHAPE (back): PyTorch's way to shuffle
  /// channels.
  bool shuffle_channels(OperandId input, OperandId output) {
    if (shuffles_ == Shuffles::as_they_stand) return false;
    const Operation* swap = producers_.of(input, Op::TRANSPOSE);
    const Operation* split = swap ? producers_.of(swap->operand("input"), Op::RESHAPE) : nullptr;
    if (!split || graph_.shape(split->operand("input")) != graph_.shape(output)) return false;
    std::optional<Permutation> permutation = constant_permutation(graph_, *swap);
    const Shape& parts = graph_.shape(split->output());
    const Shape whole = graph_.shape(output);
    if (!permutation || whole.size() > 4) return false;
    // The swapped pair are the only dimensions out of order.
    size_t first = 0;
    while (first < permutation->size() && (*permutation)[first] == first) ++first;
    Permutation swapped = graph::identity_permutation(permutation->size());
    if (first + 1 >= swapped.size()) return false;
    std::swap(swapped[first], swapped[first + 1]);
    if (swapped != *permutation) return false;
    size_t outer = 1;
    for (size_t i = 0; i < first; ++i) outer *= parts[i];
    size_t before = 1, axis = 0;
    while (axis < whole.size() && (before < outer || whole[axis] == 1)) before *= whole[axis++];
    if (axis == whole.size() || before != outer || whole[axis] != parts[first] * parts[first + 1]) return false;
    editor_.replace(output, editor_.emit(Op::CHANNEL_SHUFFLE,
                                         {{"input", split->operand("input")},
                                          {"num_groups", static_cast<int32_t>(parts[first])},
                                          {"axis", static_cast<int32_t>(axis)}},
                                         graph_.type(output)));
    return true;
  }

  /// MEAN that keeps its dimensions of size 1, and a RESHAPE that drops exactly those.
  bool drop_reduced_dimensions(OperandId input, OperandId output) {
    const Operation* reduction = producers_.of(input);
    if (!reduction || !reduction->type) return false;
    bool is_mean = reduction->is(Op::MEAN);
    bool is_reduction = *reduction->type >= Op::REDUCE_ALL && *reduction->type <= Op::REDUCE_SUM;
    if (!is_mean && !is_reduction) return false;
    bool keeps = is_mean ? reduction->integer("keep_dims") != 0 : reduction->boolean("keep_dims");
    std::optional<std::vector<int32_t>> axes = constant_list(graph_, reduction->operand("axes"));
    bool read_elsewhere = index(input) < readers_.size() && readers_[index(input)].size() > 1;
    if (!keeps || !axes || read_elsewhere) return false;
    const Shape& kept = graph_.shape(input);
    std::vector<bool> reduced(kept.size(), false);
    for (int32_t axis : *axes) reduced[normalised_axis(axis, kept.size())] = true;
    Shape dropped;
    for (size_t i = 0; i < kept.size(); ++i)
      if (!reduced[i]) dropped.push_back(kept[i]);
    if (dropped.empty() || dropped != graph_.shape(output)) return false;
    Operation again = *reduction;
    if (is_mean)
      again.argument("keep_dims") = int32_t{0};
    else
      again.argument("keep_dims") = false;
    again.outputs = {graph_.add_operand(graph_.type(output))};
    editor_.replace(output, again.outputs.front());
    editor_.keep(std::move(again));
    return true;
  }

  Graph& graph_;
  Shuffles shuffles_;
  std::vector<std::vector<uint32_t>> readers_;  // before the pass
  Editor editor_;
  Producers producers_;
};

}  // namespace

void simplify(Graph& graph, Shuffles shuffles) { Simplifier(graph, shuffles).run(); }

}  // namespace passerelle::passes
