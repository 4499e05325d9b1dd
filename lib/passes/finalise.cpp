// The last word: argument lists as NNAPI takes them, and what the target cannot run.
#include <string>

#include "editor.h"
#include "legality.h"
#include "passerelle/graph/ways_out.h"
#include "passes.h"

namespace passerelle::passes {
namespace {

/// SOFTMAX and the normalisations take the last axis where none is given; leaving it out is legal at lower levels.
void use_default_axis(const Graph& graph, Operation& operation) {
  if (!operation.is(Op::SOFTMAX) && !operation.is(Op::L2_NORMALIZATION) &&
      !operation.is(Op::LOCAL_RESPONSE_NORMALIZATION))
    return;
  size_t rank = graph.shape(operation.output()).size();
  if (normalised_axis(operation.integer("axis"), rank) == rank - 1) operation.argument("axis") = std::monostate{};
}

graph::Reason reason(const Graph& graph, const Operation& operation, const nnapi::Legality& legal) {
  if (legal) return graph::Reason::needs_feature_level;
  for (const std::vector<OperandId>& ids : {operation.inputs(), operation.outputs})
    for (OperandId id : ids)
      if (graph.shape(id).size() > 4) return graph::Reason::rank;
  return graph::Reason::argument;
}

graph::Diagnostic diagnose(const graph::Module& module, const Graph& graph, const Operation& operation,
                           const nnapi::Legality& legal) {
  graph::Diagnostic diagnostic;
  if (operation.origin < module.origins.size()) diagnostic.origin = module.origins[operation.origin];
  if (diagnostic.origin.node) diagnostic.nodes = {*diagnostic.origin.node};
  diagnostic.op = diagnostic.origin.op.empty() ? std::string(nnapi::name(*operation.type)) : diagnostic.origin.op;
  diagnostic.reason = reason(graph, operation, legal);
  diagnostic.feature_level = legal.level;
  diagnostic.message = "it becomes " + std::string(nnapi::name(*operation.type));
  if (legal) {
    diagnostic.message += ", which earlier versions of NNAPI lack";
    if (!legal.reason.empty()) diagnostic.message += " (" + legal.reason + ")";
  } else {
    diagnostic.message += ", which NNAPI refuses here: " + legal.reason;
    if (diagnostic.reason == graph::Reason::rank) diagnostic.suggestion = graph::way_out::fewer_dimensions;
  }
  return diagnostic;
}

/// Operands of more than four dimensions, or of no scale, that an operator without a lowering reads or makes: that
/// nothing can be done with them is due to it, and it has a diagnostic of its own.
std::vector<bool> spoiled_operands(const Graph& graph) {
  std::vector<bool> result(graph.operands.size());
  const auto mark = [&](OperandId id) {
    const graph::TensorType& type = graph.type(id);
    result[graph::index(id)] =
        type.shape.size() > 4 || (nnapi::is_quantized(type.type) && !(type.quantization.scale > 0));
  };
  for (const Operation& operation : graph.operations) {
    if (operation.type) continue;
    for (OperandId id : operation.inputs()) mark(id);
    for (OperandId id : operation.outputs) mark(id);
  }
  return result;
}

void finalise(const graph::Module& module, Graph& graph, const Target& target,
              std::vector<graph::Diagnostic>& diagnostics) {
  const std::vector<bool> spoiled = spoiled_operands(graph);
  for (Operation& operation : graph.operations) {
    if (!operation.type) continue;
    use_default_axis(graph, operation);
    nnapi::Legality legal = legality(graph, operation);
    bool follows = false;
    if (!legal) {
      for (OperandId id : operation.inputs()) follows = follows || spoiled[graph::index(id)];
      for (OperandId id : operation.outputs) follows = follows || spoiled[graph::index(id)];
    }
    if (follows) continue;
    if (!legal || legal.level > target.feature_level) diagnostics.push_back(diagnose(module, graph, operation, legal));
    operation.arguments = trimmed_arguments(operation);
  }
}

}  // namespace

std::vector<graph::Diagnostic> finalise(graph::Module& module, const Target& target) {
  std::vector<graph::Diagnostic> diagnostics;
  for (Graph& graph : module.graphs) finalise(module, graph, target, diagnostics);
  return diagnostics;
}

}  // namespace passerelle::passes
