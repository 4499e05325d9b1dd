// Signed 8-bit tensors came with feature level 4: below it the same numbers are unsigned, 128 more with their zero
// point.
#include "passes.h"

namespace passerelle::passes {
namespace {

using graph::OperandType;
using Op = graph::OperationType;

constexpr int32_t half_range = 128;

void make_unsigned(graph::Operand& operand) {
  operand.type.type = OperandType::TENSOR_QUANT8_ASYMM;
  operand.type.quantization.zero_point += half_range;
  if (operand.constant) operand.constant = operand.constant->shifted(half_range, graph::ElementType::quint8);
}

}  // namespace

void use_unsigned_integers(graph::Graph& graph, const Target& target) {
  if (target.feature_level >= nnapi::introduced(OperandType::TENSOR_QUANT8_ASYMM_SIGNED)) return;
  for (graph::Operation& operation : graph.operations) {
    if (!operation.is(Op::PAD_V2)) continue;
    if (graph.type(operation.output()).type != OperandType::TENSOR_QUANT8_ASYMM_SIGNED) continue;
    operation.argument("pad_value") = operation.integer("pad_value") + half_range;
  }
  for (graph::Operand& operand : graph.operands)
    if (operand.type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED) make_unsigned(operand);
}

}  // namespace passerelle::passes
