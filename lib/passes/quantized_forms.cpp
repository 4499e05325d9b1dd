#include "quantized_forms.h"

#include <cmath>

#include "passerelle/nnapi/traits.h"

namespace passerelle::passes {

bool chooses_elements(const Operation& operation) {
  if (!operation.type) return false;
  const nnapi::Elements elements = nnapi::traits(*operation.type).elements;
  return elements == nnapi::Elements::kept || elements == nnapi::Elements::kept_or_zero;
}

std::optional<graph::Quantization> prescribed_output(const Operation& operation, const TensorType& input) {
  const nnapi::AffineQuantization given{input.quantization.scale, input.quantization.zero_point};
  const auto prescribed = nnapi::prescribed_quantization(*operation.type, input.type, given);
  if (!prescribed) return std::nullopt;
  graph::Quantization quantization;
  quantization.scale = prescribed->scale;
  quantization.zero_point = prescribed->zero_point;
  return quantization;
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
