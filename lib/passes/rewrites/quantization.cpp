// Quantized operations that NNAPI has otherwise than the lowerings say them.
//
//   a scale that NNAPI prescribes          → the operation at that scale, then a requantization
//   HARD_SWISH (feature level 4)           → ADD, MUL
//   CONCATENATION of several scales (3)    → requantizations before it
//   PAD with a zero point (3)              → CONCATENATION with constants
//   MEAN over an image (2)                 → AVERAGE_POOL_2D
//   FULLY_CONNECTED, scales per channel    → CONV_2D
//   what has no integer kernel, or none within a step → DEQUANTIZE, the operation on floats, QUANTIZE
//
// A requantization is an ADD of 0.
#include <cmath>

#include "../quantized_forms.h"
#include "rewriter.h"

namespace passerelle::passes {
namespace {

bool is_quantized(Rewriter& r, OperandId id) { return nnapi::is_quantized(r.type(id).type); }

bool rewrite_scale(Rewriter& r, const Operation& operation) {
  const TensorType input = r.type(operation.operand("input")), wanted = r.type(operation.output());
  if (operation.outputs.size() != 1 || input.type != wanted.type) return false;
  const std::optional<graph::Quantization> prescribed = prescribed_output(operation, input);
  if (!prescribed || *prescribed == wanted.quantization) return false;
  if (!is_within_a_step(operation, *prescribed, wanted.quantization)) return false;
  TensorType type = wanted;
  type.quantization = *prescribed;
  Operation prescription = operation;
  prescription.outputs = {r.graph().add_operand(std::move(type))};
  const OperandId made = prescription.output();
  r.editor().keep(std::move(prescription));
  r.replace(operation, requantized(r.editor(), made, wanted.quantization));
  return true;
}

/// x · h with h = relu6(x + 3) / 6. In steps of 1/255 h is exact at 0 and 1 and half a step off between; there x is at
/// most 3.
bool rewrite_hard_swish(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const TensorType type = r.type(operation.output());
  if (!is_quantized(r, input)) return false;
  constexpr float gate_step = 1.0f / 255, most_inside = 3;
  constexpr float most_error = 0.4f;  // in steps of the result
  const graph::Quantization x = r.type(input).quantization;
  if (most_inside * gate_step / 2 > most_error * type.quantization.scale) return false;
  if (!(type.quantization.scale > x.scale * gate_step)) return false;
  const bool is_signed = type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  TensorType sixfold = type;
  sixfold.quantization.scale = 6 * gate_step;
  sixfold.quantization.zero_point = is_signed ? -128 : 0;
  TensorType gate = sixfold;
  gate.quantization.scale = gate_step;
  const OperandId three = quantized_scalar(r.editor(), 3, type), sixth = quantized_scalar(r.editor(), 1.0f / 6, type);
  const OperandId sum = r.emit(Op::ADD, {{"input1", input}, {"input2", three}}, sixfold);
  // Numbers outside of 0 .. 6 saturate: the type is the clamp.
  const OperandId h = r.emit(Op::MUL, {{"input1", sum}, {"input2", sixth}}, gate);
  r.replace(operation, r.emit(Op::MUL, {{"input1", input}, {"input2", h}}, type));
  return true;
}

bool rewrite_concatenation(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  if (!nnapi::is_quantized(type.type)) return false;
  Operation same = operation;
  bool differed = false;
  same.for_each_input([&](OperandId& id) {
    differed = differed || !(r.type(id).quantization == type.quantization);
    id = requantized(r.editor(), id, type.quantization);
  });
  if (differed) r.editor().keep(std::move(same));
  return differed;
}

/// Blocks of zero points on both sides of each dimension.
bool rewrite_pad(Rewriter& r, const Operation& operation) {
  OperandId value = operation.operand("input");
  const std::optional<std::vector<int32_t>> paddings = constant_list(r.graph(), operation.operand("paddings"));
  const TensorType type = r.type(value);
  if (!paddings || type.type != OperandType::TENSOR_QUANT8_ASYMM) return false;
  const Constant zero =
      Constant::from(std::vector<int32_t>{type.quantization.zero_point}, {}).shifted(0, graph::ElementType::quint8);
  for (size_t axis = 0; axis < paddings->size() / 2; ++axis) {
    const auto block = [&](int32_t count) {
      Shape shape = r.shape(value);
      shape[axis] = static_cast<uint32_t>(count);
      return r.graph().add_constant(zero.broadcast_to(shape), type.quantization);
    };
    const int32_t before = (*paddings)[2 * axis], after = (*paddings)[2 * axis + 1];
    std::vector<OperandId> parts{value};
    if (before > 0) parts.insert(parts.begin(), block(before));
    if (after > 0) parts.push_back(block(after));
    value = r.concatenate(parts, axis);
  }
  r.replace(operation, value);
  return true;
}

/// Over height and width of [N, H, W, C].
bool rewrite_mean(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const std::optional<std::vector<int32_t>> axes = constant_list(r.graph(), operation.operand("axes"));
  const Shape shape = r.shape(input);
  if (!is_quantized(r, input) || !axes || shape.size() != 4) return false;
  std::vector<bool> reduced(4, false);
  for (int32_t axis : *axes) reduced[normalised_axis(axis, 4)] = true;
  if (reduced != std::vector<bool>{false, true, true, false}) return false;
  const OperandId pooled = r.pool(Op::AVERAGE_POOL_2D, input, shape[1], shape[2]);
  r.replace(operation, r.reshape(pooled, r.shape(operation.output())));
  return true;
}

/// A row is a pixel.
bool rewrite_linear(Rewriter& r, const Operation& operation) {
  const OperandId weights = operation.operand("weights");
  if (r.type(weights).type != OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL) return false;
  const Shape matrix = r.shape(weights);
  const TensorType type = r.type(operation.output());
  const uint32_t rows = type.shape[0];
  TensorType pixels = type;
  pixels.shape = {rows, 1, 1, matrix[0]};
  const Constant filter = r.graph()[weights].constant->reshaped({matrix[0], 1, 1, matrix[1]});
  const OperandId result = r.emit(Op::CONV_2D,
                                  {{"input", r.reshape(operation.operand("input"), {rows, 1, 1, matrix[1]})},
                                   {"filter", r.graph().add_constant(filter, r.type(weights).quantization)},
                                   {"bias", operation.operand("bias")},
                                   {"padding_left", 0},
                                   {"padding_right", 0},
                                   {"padding_top", 0},
                                   {"padding_bottom", 0},
                                   {"stride_width", 1},
                                   {"stride_height", 1},
                                   {"activation", operation.integer("activation")}},
                                  pixels);
  r.replace(operation, r.reshape(result, type.shape));
  return true;
}

// --- Floats where they are forced.

OperandId dequantized(Rewriter& r, OperandId value) {
  TensorType type = r.type(value);
  const graph::Quantization quantization = type.quantization;
  type.type = OperandType::TENSOR_FLOAT32;
  type.quantization = {};
  if (!r.graph().is_constant(value)) return r.emit(Op::DEQUANTIZE, {{"input", value}}, type);
  std::vector<float> values = r.graph()[value].constant->floats();
  for (float& each : values) each = (each - static_cast<float>(quantization.zero_point)) * quantization.scale;
  return r.floats(std::move(values), type.shape);
}

/// DEQUANTIZE, the operation, QUANTIZE. Below the level of QUANTIZE that would help nobody.
bool detour(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  if (operation.outputs.size() != 1 || r.level() < nnapi::introduced(Op::QUANTIZE)) return false;
  Operation floats = operation;
  floats.for_each_input([&](OperandId& id) {
    if (is_quantized(r, id)) id = dequantized(r, id);
  });
  TensorType computed = type;
  if (nnapi::is_quantized(type.type)) computed.type = OperandType::TENSOR_FLOAT32;
  computed.quantization = {};
  if (floats.is(Op::PAD_V2)) return false;
  floats.outputs = {r.graph().add_operand(computed)};
  const OperandId result = floats.output();
  r.editor().keep(std::move(floats));
  r.replace(operation, nnapi::is_quantized(type.type) ? r.emit(Op::QUANTIZE, {{"input", result}}, type) : result);
  return true;
}

constexpr Stage early = Stage::before_layout, late = Stage::after_layout;

// In this order: what keeps integers first.
constexpr Rewrite rewrites[] = {
    {Op::AVERAGE_POOL_2D, early, rewrite_scale},
    {Op::LOGISTIC, early, rewrite_scale},
    {Op::L2_NORMALIZATION, early, rewrite_scale},
    {Op::MAX_POOL_2D, early, rewrite_scale},
    {Op::MEAN, early, rewrite_scale},
    {Op::RELU, early, rewrite_scale},
    {Op::RELU1, early, rewrite_scale},
    {Op::RELU6, early, rewrite_scale},
    {Op::RESIZE_BILINEAR, early, rewrite_scale},
    {Op::SOFTMAX, early, rewrite_scale},
    {Op::TANH, early, rewrite_scale},
    {Op::HARD_SWISH, early, rewrite_hard_swish},
    {Op::CONCATENATION, early, rewrite_concatenation},
    {Op::PAD, late, rewrite_pad},
    {Op::MEAN, late, rewrite_mean},
    {Op::FULLY_CONNECTED, late, rewrite_linear},
    {Op::ADD, early, detour},
    {Op::AVERAGE_POOL_2D, early, detour},
    {Op::ELU, early, detour},
    {Op::HARD_SWISH, early, detour},
    {Op::LOGISTIC, early, detour},
    {Op::L2_NORMALIZATION, early, detour},
    {Op::MEAN, early, detour},
    {Op::MUL, early, detour},
    {Op::PRELU, early, detour},
    {Op::RESIZE_BILINEAR, early, detour},
    {Op::RESIZE_NEAREST_NEIGHBOR, early, detour},
    {Op::SOFTMAX, early, detour},
    {Op::SUB, early, detour},
    {Op::TANH, early, detour},
};

}  // namespace

Span<const Rewrite> quantization_rewrites() { return rewrites; }

}  // namespace passerelle::passes
