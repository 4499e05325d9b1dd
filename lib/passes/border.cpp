#include "passerelle/passes/border.h"

#include <algorithm>

#include "passerelle/support/check.h"
#include "quantized_forms.h"
#include "reads.h"

namespace passerelle::passes {
namespace {

graph::ElementType element_type(OperandType type) {
  return type == OperandType::TENSOR_QUANT8_ASYMM ? graph::ElementType::quint8 : graph::ElementType::qint8;
}

/// What lies between an input and its QUANTIZE: operations that choose elements.
class Beginning {
 public:
  using Readers = std::vector<std::vector<uint32_t>>;
  Beginning(const Graph& graph, const Readers& readers, const std::vector<bool>& returned)
      : graph_(graph), readers_(readers), returned_(returned) {}

  /// Whether every way from the operand leads to a QUANTIZE, all of one scale.
  bool follow(OperandId floats) {
    floats_.push_back(floats);
    if (returned_[index(floats)]) return false;
    for (uint32_t reader : readers_[index(floats)]) {
      const Operation& operation = graph_.operations[reader];
      if (operation.is(Op::QUANTIZE)) {
        const TensorType& type = graph_.type(operation.output());
        if (scale_ && !(scale_->quantization == type.quantization && scale_->type == type.type)) return false;
        scale_ = type;
        quantizes_.push_back(reader);
      } else if (chooses_elements(operation) && operation.operand("input") == floats) {
        for (OperandId output : operation.outputs)
          if (!follow(output)) return false;
      } else {
        return false;
      }
    }
    return true;
  }

  const std::optional<TensorType>& scale() const { return scale_; }
  const std::vector<OperandId>& floats() const { return floats_; }
  const std::vector<uint32_t>& quantizes() const { return quantizes_; }

 private:
  const Graph& graph_;
  const Readers& readers_;
  const std::vector<bool>& returned_;
  std::optional<TensorType> scale_;
  std::vector<OperandId> floats_;
  std::vector<uint32_t> quantizes_;
};

}  // namespace

std::vector<std::optional<TensorType>> quantized_first(const graph::Module& module) {
  const Graph& graph = module.main();
  const Beginning::Readers readers = graph.consumers();
  const std::vector<bool> returned = returned_operands(graph);
  std::vector<std::optional<TensorType>> result;
  for (OperandId input : graph.inputs) {
    Beginning beginning(graph, readers, returned);
    result.push_back(beginning.follow(input) ? beginning.scale() : std::nullopt);
  }
  return result;
}

void peel_quantize(graph::Module& module, size_t input) {
  Graph& graph = module.main();
  graph::Port& port = module.ports.inputs.at(input);
  const Beginning::Readers readers = graph.consumers();
  const std::vector<bool> returned = returned_operands(graph);
  Beginning beginning(graph, readers, returned);
  const bool quantizes = beginning.follow(graph.inputs[input]) && beginning.scale();
  check(quantizes, "an input whose quantization is peeled off is quantized");
  const TensorType scale = *beginning.scale();
  for (OperandId id : beginning.floats()) {
    graph[id].type.type = scale.type;
    graph[id].type.quantization = scale.quantization;
  }
  std::map<OperandId, OperandId> replacements;
  for (uint32_t quantize : beginning.quantizes())
    replacements[graph.operations[quantize].output()] = graph.operations[quantize].operand("input");
  replace_reads(graph, replacements);
  port.element_type = element_type(scale.type);
  port.quantization = scale.quantization;
  graph.remove_dead();
}

bool peel_dequantizes(graph::Module& module) {
  Graph& graph = module.main();
  const std::vector<std::optional<uint32_t>> producers = graph.producers();
  bool peeled = false;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const std::optional<uint32_t> producer = producers[index(graph.outputs[i])];
    if (!producer || !graph.operations[*producer].is(Op::DEQUANTIZE)) continue;
    const OperandId integers = graph.operations[*producer].operand("input");
    const TensorType& type = graph.type(integers);
    if (!type.quantization.channel_scales.empty()) continue;
    graph.outputs[i] = integers;
    module.ports.outputs[i].element_type = element_type(type.type);
    module.ports.outputs[i].quantization = type.quantization;
    peeled = true;
  }
  graph.remove_dead();
  return peeled;
}

void return_channels_last(graph::Module& module, size_t output) {
  Graph& graph = module.main();
  OperandId& returned = graph.outputs[output];
  TensorType type = graph.type(returned);
  type.shape = graph::permuted(type.shape, graph::nchw_to_nhwc);
  const OperandId permutation =
      graph.add_constant(Constant::list(std::vector<int32_t>(graph::nchw_to_nhwc.begin(), graph::nchw_to_nhwc.end())));
  returned = graph.append(Op::TRANSPOSE, {{"input", returned}, {"permutation", permutation}}, std::move(type),
                          module.add_origin("output"));
  graph::Port& port = module.ports.outputs[output];
  port.caller_layout = port.nnapi_layout = graph::Layout::channels_last;
}

}  // namespace passerelle::passes
