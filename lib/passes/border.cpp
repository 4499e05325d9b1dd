#include "passerelle/passes/border.h"

#include <algorithm>

#include "passerelle/support/check.h"
#include "quantized_forms.h"

namespace passerelle::passes {
namespace {

graph::ElementType element_type(OperandType type) {
  return type == OperandType::TENSOR_QUANT8_ASYMM ? graph::ElementType::quint8 : graph::ElementType::qint8;
}

/// What lies between an input and its QUANTIZE: operations that choose elements.
class Beginning {
 public:
  explicit Beginning(const Graph& graph) : graph_(graph), readers_(graph.consumers()) {}

  /// Whether every way from the operand leads to a QUANTIZE, all of one scale.
  bool follow(OperandId floats) {
    floats_.push_back(floats);
    if (std::count(graph_.outputs.begin(), graph_.outputs.end(), floats) > 0) return false;
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
  std::vector<std::vector<uint32_t>> readers_;
  std::optional<TensorType> scale_;
  std::vector<OperandId> floats_;
  std::vector<uint32_t> quantizes_;
};

}  // namespace

std::optional<TensorType> quantized_first(const graph::Module& module, size_t input) {
  Beginning beginning(module.main());
  if (!beginning.follow(module.main().inputs.at(input))) return std::nullopt;
  return beginning.scale();
}

void peel_quantize(graph::Module& module, size_t input) {
  Graph& graph = module.main();
  graph::Port& port = module.ports.inputs.at(input);
  Beginning beginning(graph);
  const bool quantizes = beginning.follow(graph.inputs[input]) && beginning.scale();
  check(quantizes, "an input whose quantization is peeled off is quantized");
  const TensorType scale = *beginning.scale();
  for (OperandId id : beginning.floats()) {
    graph[id].type.type = scale.type;
    graph[id].type.quantization = scale.quantization;
  }
  for (uint32_t quantize : beginning.quantizes())
    graph.replace_uses(graph.operations[quantize].output(), graph.operations[quantize].operand("input"));
  port.element_type = element_type(scale.type);
  port.quantization = scale.quantization;
  graph.remove_dead();
}

bool peel_dequantize(graph::Module& module, size_t output) {
  Graph& graph = module.main();
  graph::Port& port = module.ports.outputs.at(output);
  const std::optional<uint32_t> producer = graph.producers()[index(graph.outputs[output])];
  if (!producer || !graph.operations[*producer].is(Op::DEQUANTIZE)) return false;
  const OperandId integers = graph.operations[*producer].operand("input");
  const TensorType type = graph.type(integers);
  if (!type.quantization.channel_scales.empty()) return false;
  graph.outputs[output] = integers;
  port.element_type = element_type(type.type);
  port.quantization = type.quantization;
  graph.remove_dead();
  return true;
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
