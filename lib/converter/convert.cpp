#include "passerelle/converter/convert.h"

#include <utility>

#include "passerelle/lowering/lower.h"

namespace passerelle::converter {
namespace {

using graph::Layout;

std::optional<Layout> requested_layout(const Options& options, size_t output) {
  auto single = options.output_layouts.find(output);
  if (single != options.output_layouts.end()) return single->second;
  return options.output_layout;
}

/// Hands an output to the caller as NHWC: the TRANSPOSE is NNAPI's, until the layout pass has moved it away.
void make_channels_last(graph::Graph& graph, graph::Port& port) {
  graph::TensorType type = graph.type(port.operand);
  type.shape = graph::permuted(type.shape, graph::nchw_to_nhwc);
  std::vector<int32_t> order(graph::nchw_to_nhwc.begin(), graph::nchw_to_nhwc.end());
  graph::OperandId permutation = graph.add_constant(graph::Constant::list(order));
  uint32_t origin = static_cast<uint32_t>(graph.origins.size());
  graph.origins.push_back({"output", "", {}, {}});
  port.operand = graph.append(graph::OperationType::TRANSPOSE, {{"input", port.operand}, {"permutation", permutation}},
                              std::move(type), origin);
  port.caller_layout = port.nnapi_layout = Layout::channels_last;
}

Expected<void> apply_output_layouts(graph::Graph& graph, const Options& options) {
  for (const auto& [number, layout] : options.output_layouts) {
    if (number >= graph.outputs.size())
      return Error{ErrorKind::usage, "there is no output " + std::to_string(number) + ": the model has " +
                                         std::to_string(graph.outputs.size()) + ", counted from 0"};
    if (layout == Layout::channels_last && graph.outputs[number].shape.size() != 4)
      return Error{ErrorKind::usage, "output " + std::to_string(number) + " has shape " +
                                         graph::to_string(graph.outputs[number].shape) +
                                         "; only outputs of rank 4 can be nhwc"};
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i)
    if (requested_layout(options, i) == Layout::channels_last && graph.outputs[i].shape.size() == 4)
      make_channels_last(graph, graph.outputs[i]);
  return {};
}

/// Before the passes: the same for every target.
Expected<Converted> lowered_for(const torchscript::Trace& trace, const Options& options) {
  lowering::Lowered lowered = lowering::lower(trace);
  Converted converted;
  converted.operator_count = trace.nodes.size();
  converted.graph = std::move(lowered.graph);
  converted.graph.relax_fp16 = options.relax_fp16;
  converted.diagnostics = std::move(lowered.diagnostics);
  converted.refused = std::move(lowered.refused);
  if (Expected<void> applied = apply_output_layouts(converted.graph, options); !applied) return applied.error();
  return Expected<Converted>(std::move(converted));
}

Converted finished(Converted lowered, const passes::Target& target) {
  lowered.target = target.feature_level;
  for (graph::Diagnostic& diagnostic : passes::run(lowered.graph, target))
    lowered.diagnostics.push_back(std::move(diagnostic));
  lowered.refused.resize(lowered.diagnostics.size());
  return lowered;
}

/// Levels are tried, for what a level lacks may be rewritten: an operation that needs one does not make the model need
/// it.
void find_smallest_level(const Converted& lowered, Survey& survey) {
  const bool hopeless = !lowered.diagnostics.empty();  // no level has what has no lowering
  nnapi::FeatureLevel level = survey.converted.target;
  std::vector<graph::Diagnostic> obstacles = survey.converted.diagnostics;
  while (!hopeless && !obstacles.empty() && level < nnapi::highest_feature_level)
    obstacles = finished(lowered, {++level}).diagnostics;
  if (!obstacles.empty()) {
    survey.obstacles_below = std::move(obstacles);
    return;
  }
  survey.smallest_level = level;
  if (level > survey.converted.target) {
    survey.obstacles_below = level == survey.converted.target + 1 ? survey.converted.diagnostics
                                                                  : finished(lowered, {level - 1}).diagnostics;
    return;
  }
  while (survey.smallest_level > nnapi::lowest_feature_level) {
    survey.obstacles_below = finished(lowered, {survey.smallest_level - 1}).diagnostics;
    if (!survey.obstacles_below.empty()) return;
    --survey.smallest_level;
  }
}

}  // namespace

Expected<Converted> convert(const torchscript::Trace& trace, const Options& options) {
  Expected<Converted> lowered = lowered_for(trace, options);
  if (!lowered) return lowered.error();
  return finished(*std::move(lowered), options.target);
}

Expected<Converted> convert(const torchscript::Model& model, const Options& options) {
  Expected<torchscript::Trace> trace = model.trace(options.inputs);
  if (!trace) return trace.error();
  return convert(*trace, options);
}

Expected<Survey> survey(const torchscript::Model& model, const Options& options) {
  Expected<torchscript::Trace> trace = model.trace(options.inputs);
  if (!trace) return trace.error();
  Survey survey;
  survey.trace = *std::move(trace);
  Expected<Converted> lowered = lowered_for(survey.trace, options);
  if (!lowered) return lowered.error();
  survey.converted = finished(*lowered, options.target);
  find_smallest_level(*lowered, survey);
  return Expected<Survey>(std::move(survey));
}

}  // namespace passerelle::converter
