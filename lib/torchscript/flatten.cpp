#include "flatten.h"

#include <ATen/ATen.h>

namespace passerelle::torchscript {
namespace {

void flatten(const c10::IValue& value, std::vector<at::Tensor>& tensors) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) tensors.push_back(value.toTensor());
  } else if (value.isInt()) {
    tensors.push_back(at::scalar_tensor(value.toInt(), at::kLong));
  } else if (value.isBool()) {
    tensors.push_back(at::scalar_tensor(value.toBool(), at::kBool));
  } else if (value.isDouble()) {
    tensors.push_back(at::scalar_tensor(value.toDouble(), at::kDouble));
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) flatten(element, tensors);
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) flatten(element, tensors);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) flatten(entry.value(), tensors);
  } else if (value.isObject()) {
    for (const c10::IValue& slot : value.toObjectRef().slots()) flatten(slot, tensors);
  }
}

}  // namespace

std::vector<at::Tensor> flat_tensors(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  flatten(value, tensors);
  return tensors;
}

}  // namespace passerelle::torchscript
