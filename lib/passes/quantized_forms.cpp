#include "quantized_forms.h"

#include <cmath>

namespace passerelle::passes {
namespace {

graph::Quantization fixed(float scale, int32_t unsigned_zero_point, const TensorType& input) {
  const bool is_signed = input.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  graph::Quantization quantization;
  quantization.scale = scale;
  quantization.zero_point = unsigned_zero_point - (is_signed ? 128 : 0);
  return quantization;
}

}  // namespace

bool chooses_elements(const Operation& operation) {
  if (!operation.type) return false;
  switch (*operation.type) {
    case Op::RESHAPE:
    case Op::SQUEEZE:
    case Op::EXPAND_DIMS:
    case Op::TRANSPOSE:
    case Op::SLICE:
    case Op::STRIDED_SLICE:
    case Op::SPLIT:
    case Op::PAD:
    case Op::MIRROR_PAD:
    case Op::REVERSE:
    case Op::TILE:
    case Op::GATHER:
    case Op::CHANNEL_SHUFFLE:
    case Op::DEPTH_TO_SPACE:
    case Op::SPACE_TO_DEPTH:
    case Op::BATCH_TO_SPACE_ND:
    case Op::SPACE_TO_BATCH_ND:
    case Op::RESIZE_NEAREST_NEIGHBOR:
    case Op::MAX_POOL_2D:
    case Op::REDUCE_MAX:
    case Op::REDUCE_MIN:
    case Op::RELU: return true;
    default: return false;
  }
}

std::optional<graph::Quantization> prescribed_output(const Operation& operation, const TensorType& input) {
  switch (*operation.type) {
    case Op::LOGISTIC:
    case Op::SOFTMAX: return fixed(1.0f / 256, 0, input);
    case Op::TANH:
    case Op::L2_NORMALIZATION: return fixed(1.0f / 128, 128, input);
    case Op::AVERAGE_POOL_2D:
    case Op::MEAN:
    case Op::RESIZE_BILINEAR:
    case Op::RELU1:
    case Op::RELU6:
    case Op::PAD_V2: return input.quantization;
    default: break;
  }
  if (chooses_elements(operation)) return input.quantization;
  return std::nullopt;
}

bool is_within_a_step(const Operation& operation, const graph::Quantization& prescribed,
                      const graph::Quantization& wanted) {
  // What is brought to another scale afterwards is rounded once where nothing was rounded before.
  if (chooses_elements(operation)) return true;
  constexpr float rounding = 1.001f;
  return prescribed == wanted || prescribed.scale <= wanted.scale * rounding;
}

OperandId quantized_scalar(Editor& editor, float value, const TensorType& like) {
  const bool is_unsigned = like.type == OperandType::TENSOR_QUANT8_ASYMM;
  constexpr int32_t steps = 255, half_range = 128;
  const int32_t zero_point = value < 0 ? steps : 0, integer = value == 0 ? zero_point : steps - zero_point;
  const int32_t shift = is_unsigned ? 0 : -half_range;
  graph::Quantization quantization;
  quantization.scale = value == 0 ? like.quantization.scale : std::abs(value) / steps;
  quantization.zero_point = zero_point + shift;
  const auto type = is_unsigned ? graph::ElementType::quint8 : graph::ElementType::qint8;
  const Constant element = Constant::from(std::vector<int32_t>{integer}, {1});
  return editor.graph().add_constant(element.shifted(shift, type), quantization);
}

OperandId requantized(Editor& editor, OperandId value, const graph::Quantization& wanted) {
  TensorType type = editor.graph().type(value);
  if (type.quantization == wanted) return value;
  const OperandId zero = quantized_scalar(editor, 0, type);
  type.quantization = wanted;
  return editor.emit(Op::ADD, {{"input1", value}, {"input2", zero}}, std::move(type));
}

}  // namespace passerelle::passes
