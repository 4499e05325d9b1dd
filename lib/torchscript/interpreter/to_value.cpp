// LibTorch's values as arguments and results in the trace.
#include <ATen/native/quantized/PackedParams.h>
#include <ATen/native/quantized/cpu/EmbeddingPackedParams.h>
#include <torch/custom_class.h>

#include "interpreter.h"
#include "passerelle/support/check.h"

namespace passerelle::torchscript {

using c10::IValue;

namespace {

constexpr char packed_prefix[] = "__torch__.torch.classes.quantized.";

IValue int_list(const c10::List<int64_t>& numbers) { return numbers; }

IValue optional_tensor(const c10::optional<at::Tensor>& tensor) { return tensor ? IValue(*tensor) : IValue(); }

/// Weight, bias, and for convolutions stride, padding, output padding, dilation, groups, transposed.
template <int Dimensions>
std::vector<IValue> unpack_convolution(const IValue& value) {
  const auto packed = value.toCustomClass<ConvPackedParamsBase<Dimensions>>();
  const auto [weight, bias] = packed->unpack();
  return {weight,
          optional_tensor(bias),
          int_list(packed->stride()),
          int_list(packed->padding()),
          int_list(packed->output_padding()),
          int_list(packed->dilation()),
          packed->groups(),
          packed->transpose()};
}

std::vector<IValue> unpack_linear(const IValue& value) {
  const auto [weight, bias] = value.toCustomClass<LinearPackedParamsBase>()->unpack();
  return {weight, optional_tensor(bias)};
}

/// The bits of an element; and of bytes [rows, width], the scale of each row and its zero point, which is no integer.
std::vector<IValue> unpack_embedding(const IValue& value) {
  const auto packed = value.toCustomClass<EmbeddingPackedParamsBase>();
  constexpr int64_t bits_of_byte = 8;
  if (packed->bit_rate() != bits_of_byte) return {packed->bit_rate()};
  const at::Tensor table = packed->unpack();
  // These are views of vectors in the packed object, which may go before the trace does.
  const at::Tensor scales = table.q_per_channel_scales(), zero_points = table.q_per_channel_zero_points();
  return {bits_of_byte, table.int_repr(), scales.to(at::kFloat).clone(), zero_points.to(at::kFloat).clone()};
}

/// What any other class of LibTorch's own would write into an archive: XNNPACK's prepacked weights, recurrent cells.
std::vector<IValue> unpack_state(const IValue& value) {
  const auto type = value.toObject()->type();
  torch::jit::Function* get_state = type->findMethod("__getstate__");
  if (get_state == nullptr || type->name()->qualifiedName().find("__torch__.torch.classes.") != 0) return {};
  const IValue state = (*get_state)({value});
  if (state.isTuple()) return state.toTupleRef().elements().vec();
  return {state};
}

}  // namespace

Value Interpreter::to_value(const IValue& value) {
  if (value.isTensor()) {
    if (!value.toTensor().defined()) return {Value::None{}};
    return {tracker_.id(value.toTensor())};
  }
  if (value.isInt()) return {value.toInt()};
  if (value.isDouble()) return {value.toDouble()};
  if (value.isBool()) return {value.toBool()};
  if (value.isString()) return {value.toStringRef()};
  if (value.isDevice()) return {value.toDevice().str()};
  if (value.isList() || value.isTuple()) {
    std::vector<Value> elements;
    const auto contents = value.isList() ? value.toListRef() : c10::ArrayRef<IValue>(value.toTupleRef().elements());
    for (const IValue& element : contents) elements.push_back(to_value(element));
    return {std::move(elements)};
  }
  if (value.isObject()) return packed_parameters(value);
  return {Value::None{}};
}

Value Interpreter::packed_parameters(const IValue& value) {
  const void* const key = value.internalToPointer();
  const auto known = packed_.find(key);
  if (known != packed_.end()) return known->second;
  const std::string type = value.toObject()->type()->name()->qualifiedName();
  std::vector<IValue> parts;
  if (type == std::string(packed_prefix) + "Conv2dPackedParamsBase") parts = unpack_convolution<2>(value);
  if (type == std::string(packed_prefix) + "Conv3dPackedParamsBase") parts = unpack_convolution<3>(value);
  if (type == std::string(packed_prefix) + "LinearPackedParamsBase") parts = unpack_linear(value);
  if (type == std::string(packed_prefix) + "EmbeddingPackedParamsBase") parts = unpack_embedding(value);
  if (parts.empty()) parts = unpack_state(value);
  if (parts.empty()) return {Value::None{}};
  std::vector<Value> elements;
  for (const IValue& part : parts) elements.push_back(to_value(part));
  // The tensors were made just now: the trace's constants keep them alive, and nobody else can write to them.
  return packed_[key] = {std::move(elements)};
}

}  // namespace passerelle::torchscript
