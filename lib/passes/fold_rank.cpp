// At most 4 dimensions (docs/nnapi.md, rank), where neighbouring dimensions can be treated as one.
//
// An operation of rank 5 or more becomes RESHAPE → the same at a lower rank → RESHAPE; reshapes between two such
// operations then cancel. A TRANSPOSE whose dimensions don't fold far enough becomes several, each a swap of two
// neighbouring blocks, which needs rank 4 at most.
//
// Inputs and outputs of the model keep their rank for the caller; NNAPI sees them with 4 dimensions at most. Those of a
// graph that others refer to are folded alike on both sides.
#include <algorithm>
#include <functional>
#include <numeric>

#include "block_swaps.h"
#include "editor.h"
#include "elementwise_folds.h"
#include "fold_axes.h"
#include "layout/axis_rules.h"
#include "passes.h"
#include "reads.h"

namespace passerelle::passes {
namespace {

uint32_t product(const Shape& shape, size_t begin, size_t end) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(begin),
                         shape.begin() + static_cast<std::ptrdiff_t>(end), uint32_t{1}, std::multiplies<>());
}

/// Drops dimensions of size 1 and joins dimensions that stay neighbours. `shape` and `permutation` describe the same
/// TRANSPOSE afterwards.
void fold_transpose(Shape& shape, Permutation& permutation) {
  Permutation kept;
  for (uint32_t dimension : permutation)
    if (shape[dimension] != 1) kept.push_back(dimension);
  // Runs of dimensions that follow one another in the operand and in the result.
  std::vector<std::pair<uint32_t, uint32_t>> runs;  // first dimension, size
  uint32_t next = 0;
  for (uint32_t dimension : kept) {
    bool continues = !runs.empty() &&
                     std::all_of(shape.begin() + next, shape.begin() + std::max(next, dimension),
                                 [](uint32_t size) { return size == 1; }) &&
                     dimension >= next;
    if (continues)
      runs.back().second *= shape[dimension];
    else
      runs.emplace_back(dimension, shape[dimension]);
    next = dimension + 1;
  }
  std::vector<std::pair<uint32_t, uint32_t>> in_operand = runs;
  std::sort(in_operand.begin(), in_operand.end());
  shape.clear();
  for (const auto& run : in_operand) shape.push_back(run.second);
  if (shape.empty()) shape.push_back(1);
  permutation.clear();
  if (runs.empty()) permutation.push_back(0);
  for (const auto& run : runs)
    permutation.push_back(
        static_cast<uint32_t>(std::find(in_operand.begin(), in_operand.end(), run) - in_operand.begin()));
}

class RankFolder {
 public:
  explicit RankFolder(Graph& graph) : graph_(graph), folds_(graph), editor_(graph) {}

  void run() {
    editor_.run([&](Operation operation) { visit(std::move(operation)); });
  }

 private:
  void visit(Operation operation) {
    if (!operation.type || !exceeds(operation)) return editor_.keep(std::move(operation));
    if (operation.is(Op::TRANSPOSE)) return visit_transpose(operation);
    if (is_elementwise(*operation.type)) return visit_elementwise(std::move(operation));
    if (operation.is(Op::BATCH_MATMUL)) return visit_product(std::move(operation));
    if (fold_axes(editor_, operation)) return;
    editor_.keep(std::move(operation));
  }

  bool exceeds(const Operation& operation) const {
    if (operation.is(Op::RESHAPE)) return false;
    auto is_high = [&](OperandId id) { return graph_.shape(id).size() > highest_rank; };
    std::vector<OperandId> inputs = operation.inputs();
    return std::any_of(operation.outputs.begin(), operation.outputs.end(), is_high) ||
           std::any_of(inputs.begin(), inputs.end(), is_high);
  }

  void visit_transpose(const Operation& operation) {
    OperandId input = operation.operand("input");
    std::optional<Permutation> permutation = constant_permutation(graph_, operation);
    if (!permutation) return editor_.keep(operation);
    Shape shape = graph_.shape(input);
    fold_transpose(shape, *permutation);
    OperandId value = editor_.reshape(input, shape);
    if (shape.size() <= highest_rank)
      value = editor_.transpose(value, *permutation);
    else
      for (const BlockSwap& s : block_swaps(shape, *permutation))
        value = editor_.transpose(editor_.reshape(value, {s.outer, s.a, s.b, s.inner}), {0, 2, 1, 3});
    editor_.replace(operation.output(), editor_.reshape(value, graph_.shape(operation.output())));
  }

  /// All dimensions before the matrices are one batch.
  void visit_product(Operation operation) {
    const TensorType result = graph_.type(operation.output());
    auto folded = [](const Shape& shape) {
      size_t rank = shape.size();
      return Shape{product(shape, 0, rank - 2), shape[rank - 2], shape[rank - 1]};
    };
    for (std::string_view name : {"input1", "input2"}) {
      OperandId id = operation.operand(name);
      operation.argument(name) = editor_.reshape(id, folded(Shape(graph_.shape(id))));
    }
    TensorType lower = result;
    lower.shape = folded(result.shape);
    OperandId before = operation.output();
    operation.outputs = {graph_.add_operand(lower)};
    OperandId made = operation.output();
    editor_.keep(std::move(operation));
    editor_.replace(before, editor_.reshape(made, result.shape));
  }

  void visit_elementwise(Operation operation) {
    const OperandId before = operation.output();
    const std::optional<RunStarts> starts = folds_.of(before);
    if (!starts) return editor_.keep(std::move(operation));
    const TensorType result = graph_.type(before);
    operation.for_each_input([&](OperandId& id) {
      const Shape shape = folded(raised(graph_.shape(id), result.shape.size()), *starts);
      id = graph_.is_constant(id)
               ? graph_.add_constant(graph_[id].constant->reshaped(shape), graph_.type(id).quantization)
               : editor_.reshape(id, shape);
    });
    TensorType lower = result;
    lower.shape = folded(result.shape, *starts);
    operation.outputs = {graph_.add_operand(lower)};
    const OperandId made = operation.output();
    editor_.keep(std::move(operation));
    editor_.replace(before, editor_.reshape(made, result.shape));
  }

  Graph& graph_;
  ElementwiseFolds folds_;  // before the editor takes the operations out
  Editor editor_;
};

/// At most 4 dimensions: the leading ones joined.
Shape joined_leading(const Shape& shape) {
  const size_t joined = shape.size() - highest_rank + 1;
  Shape result{product(shape, 0, joined)};
  result.insert(result.end(), shape.begin() + static_cast<std::ptrdiff_t>(joined), shape.end());
  return result;
}

/// The shape that every reader of an operand reshapes it to, if they agree.
std::optional<Shape> wanted_shape(const Graph& graph, const std::vector<uint32_t>& readers) {
  std::optional<Shape> wanted;
  for (uint32_t reader : readers) {
    const Operation& operation = graph.operations[reader];
    if (!operation.is(Op::RESHAPE)) return std::nullopt;
    const Shape& shape = graph.shape(operation.output());
    if (shape.size() > highest_rank || (wanted && *wanted != shape)) return std::nullopt;
    wanted = shape;
  }
  return wanted;
}

Operation reshape(graph::Module& module, OperandId input, OperandId output) {
  Graph& graph = module.main();
  const Shape& shape = graph.shape(output);
  const OperandId sizes = graph.add_constant(Constant::list({shape.begin(), shape.end()}));
  return graph.make_operation(Op::RESHAPE, {{"input", input}, {"shape", sizes}}, {graph.type(output)},
                              module.add_origin("reshape"));
}

/// The caller hands over a tensor of any rank, NNAPI takes the same numbers with fewer dimensions.
void fold_inputs(graph::Module& module) {
  Graph& graph = module.main();
  const std::vector<std::vector<uint32_t>> readers = graph.consumers();
  const std::vector<bool> returned = returned_operands(graph);
  std::vector<Operation> first;
  std::map<OperandId, OperandId> replacements;
  for (OperandId& input : graph.inputs) {
    const OperandId id = input;
    if (graph.shape(id).size() <= highest_rank) continue;
    std::optional<Shape> wanted = wanted_shape(graph, readers[index(id)]);
    if (wanted && !returned[index(id)]) {
      graph[id].type.shape = std::move(*wanted);
      continue;
    }
    TensorType lower = graph.type(id);
    lower.shape = joined_leading(lower.shape);
    input = graph.add_operand(std::move(lower));
    first.push_back(reshape(module, input, id));
    replacements[id] = first.back().output();
  }
  replace_reads(graph, replacements);
  graph.operations.insert(graph.operations.begin(), std::make_move_iterator(first.begin()),
                          std::make_move_iterator(first.end()));
}

void fold_outputs(graph::Module& module) {
  Graph& graph = module.main();
  const std::vector<std::optional<uint32_t>> producers = graph.producers();
  for (OperandId& output : graph.outputs) {
    const OperandId id = output;
    if (graph.shape(id).size() <= highest_rank) continue;
    if (const std::optional<uint32_t> made = producers[index(id)]) {
      const Operation& producer = graph.operations[*made];
      if (producer.is(Op::RESHAPE) && graph.shape(producer.operand("input")).size() <= highest_rank) {
        output = producer.operand("input");
        continue;
      }
    }
    TensorType lower = graph.type(id);
    lower.shape = joined_leading(lower.shape);
    const OperandId wanted = graph.add_operand(std::move(lower));
    graph.operations.push_back(reshape(module, id, wanted));
    output = graph.operations.back().output();
  }
  graph.remove_dead();
}

}  // namespace

void fold_rank(graph::Module& module) {
  for (Graph& graph : module.graphs) RankFolder(graph).run();
  fold_inputs(module);
  fold_outputs(module);
}

}  // namespace passerelle::passes
