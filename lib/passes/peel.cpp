#include "passerelle/passes/peel.h"

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
    const auto returned = [&](const graph::Port& port) { return port.operand == floats; };
    if (std::any_of(graph_.outputs.begin(), graph_.outputs.end(), returned)) return false;
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

std::optional<TensorType> quantized_first(const Graph& graph, size_t input) {
  Beginning beginning(graph);
  if (!beginning.follow(graph.inputs.at(input).operand)) return std::nullopt;
  return beginning.scale();
}

void peel_quantize(Graph& graph, size_t input) {
  graph::Port& port = graph.inputs.at(input);
  Beginning beginning(graph);
  const bool quantizes = beginning.follow(port.operand) && beginning.scale();
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

bool peel_dequantize(Graph& graph, size_t output) {
  graph::Port& port = graph.outputs.at(output);
  const std::optional<uint32_t> producer = graph.producers()[index(port.operand)];
  if (!producer || !graph.operations[*producer].is(Op::DEQUANTIZE)) return false;
  const OperandId integers = graph.operations[*producer].operand("input");
  const TensorType type = graph.type(integers);
  if (!type.quantization.channel_scales.empty()) return false;
  port.operand = integers;
  port.element_type = element_type(type.type);
  port.quantization = type.quantization;
  graph.remove_dead();
  return true;
}

}  // namespace passerelle::passes
