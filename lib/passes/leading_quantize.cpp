#include <charconv>
#include <map>

#include "passerelle/graph/shape.h"
#include "passerelle/passes/border.h"

namespace passerelle::passes {
namespace {

/// As short as it can be read back.
std::string text(float number) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  return error == std::errc() ? std::string(digits, end) : std::to_string(number);
}

}  // namespace

std::vector<LeadingQuantize> leading_quantizes(const graph::Module& module) {
  const graph::Graph& graph = module.main();
  const std::vector<std::optional<graph::TensorType>> types = quantized_first(module);
  std::map<graph::OperandId, size_t> inputs;
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    if (types[i]) inputs.emplace(graph.inputs[i], i);
  std::vector<LeadingQuantize> result;
  for (const graph::Operation& operation : graph.operations) {
    if (!operation.is(graph::OperationType::QUANTIZE) || !module.origins[operation.origin].node) continue;
    const auto input = inputs.find(operation.operand("input"));
    if (input == inputs.end()) continue;
    const graph::Port& port = module.ports.inputs[input->second];
    const graph::TensorType& type = *types[input->second];
    const bool is_signed = type.type == graph::OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
    result.push_back({*module.origins[operation.origin].node,
                      port.name + "=" + graph::to_string(port.shape) + (is_signed ? ":qint8," : ":quint8,") +
                          text(type.quantization.scale) + "," + std::to_string(type.quantization.zero_point)});
  }
  return result;
}

void suggest_quantized_inputs(const std::vector<LeadingQuantize>& leading,
                              std::vector<graph::Diagnostic>& diagnostics) {
  for (graph::Diagnostic& diagnostic : diagnostics)
    for (const LeadingQuantize& quantize : leading)
      if (diagnostic.reason == graph::Reason::needs_feature_level && diagnostic.origin.node == quantize.node) {
        diagnostic.suggestion += ", or give --input " + quantize.input + ": the app quantizes";
        break;
      }
}

}  // namespace passerelle::passes
