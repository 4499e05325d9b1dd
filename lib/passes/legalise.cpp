// What the target level lacks, written exactly with what it has (rewrites/): one row an operation in each subject's
// table. A rewrite is asked only where lib/nnapi says that the operation as it stands is not legal at the target level,
// and what it emits is legalised in turn.
//
// It runs twice (Stage): before layout what is element-wise or names its axes, so that layout and folding see what
// there will be; after layout what depends on how tensors lie.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "legality.h"
#include "passes.h"
#include "reads.h"
#include "rewrites/rewriter.h"

namespace passerelle::passes {
namespace {

/// Rewrites of what rewrites emitted: more than this is a circle.
constexpr int deepest = 24;

/// Below API 29 drivers disagree on the order of RESIZE_BILINEAR's width and height (docs/nnapi.md, resize).
bool has_doubtful_sizes(const Graph& graph, const Operation& operation) {
  if (!operation.is(Op::RESIZE_BILINEAR)) return false;
  const Shape& output = graph.shape(operation.output());
  return output[1] != output[2];
}

/// Android's CPU path truncates where PyTorch rounds (docs/nnapi.md, quantized averages): all results are half a step
/// too low on average.
bool truncates(const Graph& graph, const Operation& operation) {
  return operation.is(Op::MEAN) && nnapi::is_quantized(graph.type(operation.output()).type);
}

/// Only below API 29 does anything depend on it: bigger models are not searched.
bool has_infinities(const Graph& graph, const Target& target) {
  if (target.feature_level >= nnapi::introduced(Op::GATHER)) return false;
  const auto is_infinite = [](float value) { return !std::isfinite(value); };
  for (const Operand& operand : graph.operands) {
    if (!operand.constant || operand.type.type != OperandType::TENSOR_FLOAT32) continue;
    const std::vector<float> values = operand.constant->floats();
    if (std::any_of(values.begin(), values.end(), is_infinite)) return true;
  }
  for (const Operation& operation : graph.operations)
    for (const Argument& argument : operation.arguments)
      if (const auto* value = std::get_if<float>(&argument); value && is_infinite(*value)) return true;
  return false;
}

/// Inputs of the model in PyTorch's order that one operation reads, and nobody returns. What others refer to has none:
/// its inputs are what it is given.
std::set<OperandId> free_inputs(const graph::Module& module) {
  const Graph& graph = module.main();
  const std::vector<std::vector<uint32_t>> readers = graph.consumers();
  const std::vector<bool> returned = returned_operands(graph);
  std::set<OperandId> found;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const graph::Port& port = module.ports.inputs[i];
    const OperandId input = graph.inputs[i];
    const bool converted =
        port.caller_layout != graph::Layout::as_pytorch || port.nnapi_layout != graph::Layout::as_pytorch;
    if (!converted && !returned[index(input)] && readers[index(input)].size() == 1) found.insert(input);
  }
  return found;
}

class Legaliser {
 public:
  Legaliser(Graph& graph, const Target& target, Stage stage, std::set<OperandId> free_inputs)
      : graph_(graph),
        facts_{has_infinities(graph, target), std::move(free_inputs)},
        editor_(graph),
        rewriter_(editor_, target.feature_level, stage, facts_) {
    for (const Rewrite& rewrite : quantization_rewrites())
      if (rewrite.stage == stage) of_integers_.push_back(rewrite);
    for (Span<const Rewrite> subject :
         {elementwise_rewrites(), power_rewrites(), integer_rewrites(), slicing_rewrites(), gathering_rewrites(),
          padding_rewrites(), transposition_rewrites(), reduction_rewrites(), normalisation_rewrites(),
          convolution_rewrites(), transposed_convolution_rewrites(), resize_rewrites(), batch_matmul_rewrites()})
      for (const Rewrite& rewrite : subject) {
        if (rewrite.stage != stage) continue;
        rewrites_.push_back(rewrite);
        if (rewrite.serves_integers) of_integers_.push_back(rewrite);
      }
  }

  void run() {
    editor_.run([&](Operation operation) { visit(std::move(operation), 0); });
  }

 private:
  void visit(Operation operation, int depth) {
    check(depth < deepest, "rewrites end");
    if (is_runnable(operation) || !rewrite(operation, depth)) editor_.keep(std::move(operation));
  }

  bool is_runnable(const Operation& operation) const {
    if (!operation.type) return true;
    const nnapi::Legality legal = legality(graph_, operation);
    if (!legal || legal.level > rewriter_.level()) return false;
    if (truncates(graph_, operation)) return false;
    constexpr nnapi::FeatureLevel agreed = 3;
    return rewriter_.level() >= agreed || !has_doubtful_sizes(graph_, operation);
  }

  /// QUANTIZE and DEQUANTIZE, the border, are not.
  bool is_quantized(const Operation& operation) const {
    const auto quantized = [&](OperandId id) { return nnapi::is_quantized(graph_.type(id).type); };
    const std::vector<OperandId> inputs = operation.inputs();
    return std::any_of(inputs.begin(), inputs.end(), quantized);
  }

  bool rewrite(const Operation& operation, int depth) {
    for (const Rewrite& row : is_quantized(operation) ? of_integers_ : rewrites_) {
      if (row.type != operation.type) continue;
      const auto kept = static_cast<std::ptrdiff_t>(graph_.operations.size());
      const bool done = row.function(rewriter_, operation);
      const auto first = graph_.operations.begin() + kept;
      std::vector<Operation> emitted(std::make_move_iterator(first), std::make_move_iterator(graph_.operations.end()));
      graph_.operations.erase(first, graph_.operations.end());
      rewriter_.taken_back(graph_.operations.size());
      if (!done) continue;
      for (Operation& each : emitted) {
        editor_.read_current(each);
        visit(std::move(each), depth + 1);
      }
      return true;
    }
    return false;
  }

  Graph& graph_;
  const GraphFacts facts_;  // from before the editor takes the graph apart
  Editor editor_;
  Rewriter rewriter_;
  std::vector<Rewrite> rewrites_;
  std::vector<Rewrite> of_integers_;  // for quantized tensors
};

void legalise(graph::Module& module, const Target& target, Stage stage) {
  for (Graph& graph : module.graphs) {
    const bool is_model = &graph == &module.main();
    Legaliser(graph, target, stage, is_model ? free_inputs(module) : std::set<OperandId>()).run();
  }
}

}  // namespace

void legalise_before_layout(graph::Module& module, const Target& target) {
  legalise(module, target, Stage::before_layout);
}

void legalise_after_layout(graph::Module& module, const Target& target) {
  legalise(module, target, Stage::after_layout);
}

}  // namespace passerelle::passes
