// The arguments of a foreign operator's kernel, taken from the stack.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/stack.h>

#include <optional>
#include <vector>

namespace passerelle::torchscript {

class KernelArguments {
 public:
  KernelArguments(torch::jit::Stack& stack, size_t count) {
    TORCH_CHECK(stack.size() >= count, "too few arguments");
    values_.assign(stack.end() - static_cast<std::ptrdiff_t>(count), stack.end());
    stack.resize(stack.size() - count);
  }
  const c10::IValue& operator[](size_t position) const { return values_.at(position); }
  at::Tensor tensor(size_t position) const { return values_.at(position).toTensor(); }
  /// Undefined where it is None.
  at::Tensor tensor_or_none(size_t position) const {
    return values_.at(position).isNone() ? at::Tensor() : values_.at(position).toTensor();
  }
  std::optional<double> number_or_none(size_t position) const {
    if (values_.at(position).isNone()) return std::nullopt;
    return values_.at(position).toScalar().toDouble();
  }
  std::vector<int64_t> integers(size_t position) const { return values_.at(position).toIntVector(); }
  std::optional<at::ScalarType> type_or_none(size_t position) const {
    if (values_.at(position).isNone()) return std::nullopt;
    return static_cast<at::ScalarType>(values_.at(position).toInt());
  }

 private:
  std::vector<c10::IValue> values_;
};

}  // namespace passerelle::torchscript
