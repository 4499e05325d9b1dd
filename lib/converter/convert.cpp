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

}  // namespace

Expected<Converted> convert(const torchscript::Model& model, const Options& options) {
  Expected<torchscript::Trace> trace = model.trace(options.inputs);
  if (!trace) return trace.error();
  lowering::Lowered lowered = lowering::lower(*trace);

  Converted converted;
  converted.operator_count = trace->nodes.size();
  converted.graph = std::move(lowered.graph);
  converted.graph.relax_fp16 = options.relax_fp16;
  converted.diagnostics = std::move(lowered.diagnostics);
  if (Expected<void> applied = apply_output_layouts(converted.graph, options); !applied) return applied.error();
  for (graph::Diagnostic& diagnostic : passes::run(converted.graph, options.target))
    converted.diagnostics.push_back(std::move(diagnostic));
  return converted;
}

}  // namespace passerelle::converter
