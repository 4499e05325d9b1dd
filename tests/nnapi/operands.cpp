#include "operands.h"

#include <cstring>

namespace passerelle::nnapi::test {
namespace {

template <typename T>
std::vector<unsigned char> bytes_of(const std::vector<T>& values) {
  std::vector<unsigned char> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TestOperand constant(Type type, Dimensions dimensions, std::vector<unsigned char> value) {
  TestOperand operand;
  operand.type = type;
  operand.dimensions = std::move(dimensions);
  operand.value = std::move(value);
  operand.is_constant = true;
  return operand;
}

}  // namespace

std::vector<OperandView> views(const TestOperands& operands) {
  std::vector<OperandView> views;
  for (const TestOperand& operand : operands) views.push_back(operand.view());
  return views;
}

OperandView TestOperand::view() const {
  OperandView view;
  view.type = type;
  view.dimensions = dimensions;
  view.scale = scale;
  view.zero_point = zero_point;
  view.channel_scales = channel_scales;
  view.channel_dimension = channel_dimension;
  view.value = value.empty() ? nullptr : value.data();
  view.value_size = value.size();
  view.omitted = omitted;
  view.is_constant = is_constant;
  return view;
}

TestOperand TestOperand::without_value() const {
  TestOperand operand = *this;
  operand.value.clear();
  operand.is_constant = false;
  operand.omitted = true;
  return operand;
}

TestOperand tensor(Type type, Dimensions dimensions, float scale, int32_t zero_point) {
  TestOperand operand;
  operand.type = type;
  operand.dimensions = std::move(dimensions);
  operand.scale = scale == 0 && is_quantized(type) ? 1.0f : scale;
  operand.zero_point = zero_point;
  return operand;
}

TestOperand float32(Dimensions dimensions) { return tensor(Type::TENSOR_FLOAT32, std::move(dimensions)); }

TestOperand per_channel(Dimensions dimensions, uint32_t channel_dimension) {
  TestOperand operand = tensor(Type::TENSOR_QUANT8_SYMM_PER_CHANNEL, std::move(dimensions));
  operand.scale = 0;
  operand.channel_dimension = channel_dimension;
  operand.channel_scales.assign(operand.dimensions.at(channel_dimension), 0.5f);
  return operand;
}

TestOperand integer(int32_t value) { return constant(Type::INT32, {}, bytes_of(std::vector<int32_t>{value})); }
TestOperand boolean(bool value) { return constant(Type::BOOL, {}, {static_cast<unsigned char>(value)}); }
TestOperand real(float value) { return constant(Type::FLOAT32, {}, bytes_of(std::vector<float>{value})); }

TestOperand list(const std::vector<int32_t>& values) {
  return constant(Type::TENSOR_INT32, {static_cast<uint32_t>(values.size())}, bytes_of(values));
}

TestOperand pairs(const std::vector<int32_t>& values) {
  return constant(Type::TENSOR_INT32, {static_cast<uint32_t>(values.size() / 2), 2}, bytes_of(values));
}

Legality legality_of(Op operation, const TestOperands& inputs, const TestOperands& outputs) {
  return legality(operation, views(inputs), views(outputs));
}

FeatureLevel level_of(Op operation, const TestOperands& inputs, const TestOperands& outputs) {
  return legality_of(operation, inputs, outputs).level;
}

std::string refusal_of(Op operation, const TestOperands& inputs, const TestOperands& outputs) {
  Legality legality = legality_of(operation, inputs, outputs);
  return legality ? "" : legality.reason;
}

}  // namespace passerelle::nnapi::test
