#include "flatten.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace passerelle::torchscript {
namespace {

constexpr size_t deepest_nesting = 64;  // an object can hold itself

void flatten(const c10::IValue& value, std::vector<at::Tensor>& tensors, size_t depth = 0) {
  if (depth > deepest_nesting) throw std::runtime_error("its result is nested more than 64 deep");
  if (value.isTensor()) {
    if (value.toTensor().defined()) tensors.push_back(value.toTensor());
  } else if (value.isInt()) {
    tensors.push_back(at::scalar_tensor(value.toInt(), at::kLong));
  } else if (value.isBool()) {
    tensors.push_back(at::scalar_tensor(value.toBool(), at::kBool));
  } else if (value.isDouble()) {
    tensors.push_back(at::scalar_tensor(value.toDouble(), at::kDouble));
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) flatten(element, tensors, depth + 1);
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) flatten(element, tensors, depth + 1);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) flatten(entry.value(), tensors, depth + 1);
  } else if (value.isObject()) {
    for (const c10::IValue& slot : value.toObjectRef().slots()) flatten(slot, tensors, depth + 1);
  }
}

}  // namespace

std::vector<at::Tensor> flat_tensors(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  flatten(value, tensors);
  return tensors;
}

}  // namespace passerelle::torchscript
