// Quantized tensors in the lowerings.
//
// real = (integer - zero point) * scale; quint8 is TENSOR_QUANT8_ASYMM, qint8 TENSOR_QUANT8_ASYMM_SIGNED, whatever the
// target. The graph is free in this too: any operation may have quantized operands, and then means what it means on the
// real numbers, rounded to its result's scale. passes/rewrites/quantization.cpp writes what NNAPI has: fixed scales,
// results that keep their operand's scale, unsigned integers below API 30, and a detour through floats where no integer
// operation is within one step.
//
// A node with quantized tensors is lowered in one of three ways:
//   1. quantized::..., and what quantized_operators.cpp has for operators of aten on quantized tensors: functions that
//      name the scale of each result.
//   2. Operators whose ordinary lowering moves elements, or gives results of its operand's scale (`keeps_scale`): that
//      lowering, as it stands.
//   3. All others: float_detour.cpp writes dequantize, the operator on floats, quantize into the trace before it is
//      lowered. passes/float_islands.cpp undoes it where NNAPI has the operation in integers.
//
// Weights. NNAPI wants those of unsigned activations unsigned too, or per channel and signed: integers of one scale are
// shifted by 128 with their zero point. A bias is INT32 with the scale of input times weights.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "context.h"

namespace passerelle::lowering {

/// Whether any tensor that the node reads or makes is quantized.
bool has_quantized_tensors(const trace::Trace& trace, const trace::Node& node);

/// Whether the operator's lowering for floats is right for quantized tensors as it stands.
bool keeps_scale(std::string_view op);

/// Operators of quantized:: that become others between a dequantize and a quantize, with the names of these.
const std::map<std::string_view, std::string_view>& names_on_floats();

/// A trace with floats around the nodes that nothing lowers in integers. The tensors that were there keep their ids.
struct Detoured {
  trace::Trace trace;
  std::vector<uint32_t> original_node;  ///< for each node the one of the original trace that it is, or stands around
};
Detoured with_float_detours(const trace::Trace& trace);

/// The numbers that a quantized constant's integers stand for; float32.
Constant dequantized(const trace::Tensor& tensor);

/// Weights and bias of a layer with quantized input, as NNAPI takes them.
struct QuantizedParameters {
  Value weights;
  Value bias;
};
/// `packed`: {weight, bias or None, ...}; `outputs`: how many numbers a bias has.
QuantizedParameters quantized_parameters(Context& c, const std::vector<trace::Value>& packed, Value input,
                                         uint32_t outputs);

/// The integers that a quantized tensor holds, as TENSOR_INT32.
Value integers_of(Value quantized);

/// A constant of shape {1} that is exactly `value`, with the element type of `like` and a scale of its own.
Value quantized_scalar(Context& c, double value, Value like);

/// The same numbers in another scale: an addition of 0, which every level has.
Value requantized(Context& c, Value value, const TensorType& type);

/// RELU where the operator's name says so ("quantized::add_relu").
Value rectified_as_named(Context& c, Value value);

}  // namespace passerelle::lowering
