#include "narrow_kernels.h"

#include <ATen/ATen.h>

#include "running/memory_budget.h"

namespace passerelle::torchscript {
namespace {

using c10::IValue;

thread_local uint64_t times_needed = 0;

bool is_narrow(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }
bool is_narrow(const at::Tensor& tensor) { return tensor.defined() && is_narrow(tensor.scalar_type()); }

/// What PyTorch's rules of promotion make of the floating-point tensors among the arguments.
class Promotion {
 public:
  void add(const IValue& value) {
    if (value.isTensor()) add(value.toTensor());
    if (value.isTensorList())
      for (const IValue& element : value.toListRef()) add(element.toTensor());
  }
  bool has_narrow() const { return has_narrow_; }
  at::ScalarType type() const { return type_.value_or(at::kFloat); }

 private:
  void add(const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.is_floating_point()) return;
    has_narrow_ = has_narrow_ || is_narrow(tensor);
    if (tensor.dim() == 0 && !is_narrow(tensor)) return;  // it counts as a number
    type_ = type_ ? at::promote_types(*type_, tensor.scalar_type()) : tensor.scalar_type();
  }

  bool has_narrow_ = false;
  std::optional<at::ScalarType> type_;
};

at::Tensor widened(const at::Tensor& tensor) { return is_narrow(tensor) ? tensor.to(at::kFloat) : tensor; }

IValue widened(const IValue& value) {
  if (value.isTensor()) return widened(value.toTensor());
  if (!value.isTensorList()) return value;
  c10::List<at::Tensor> list;
  for (const IValue& element : value.toListRef()) list.push_back(widened(element.toTensor()));
  return list;
}

bool is_written(const c10::FunctionSchema& schema, size_t argument) {
  const auto* alias = schema.arguments()[argument].alias_info();
  return alias != nullptr && alias->isWrite();
}

class WideCall {
 public:
  WideCall(const c10::FunctionSchema& schema, const std::vector<IValue>& arguments)
      : schema_(schema), arguments_(arguments) {
    for (const IValue& argument : arguments) promotion_.add(argument);
    type_ = promotion_.type();
    for (size_t i = 0; i < arguments.size(); ++i) wide_.push_back(widened(arguments[i]));
    for (size_t i = 0; i < arguments.size() && i < schema.arguments().size(); ++i)
      if (schema.arguments()[i].name() == "dtype" && arguments[i].isInt()) take_type(i);
  }

  bool has_narrow() const { return promotion_.has_narrow(); }

  std::vector<IValue> run(torch::jit::Operation& operation) {
    std::vector<IValue> stack = wide_;
    operation(stack);
    for (size_t i = 0; i < arguments_.size() && i < schema_.arguments().size(); ++i)
      if (is_written(schema_, i) && arguments_[i].isTensor()) arguments_[i].toTensor().copy_(wide_[i].toTensor());
    for (IValue& result : stack) result = narrowed(result);
    return stack;
  }

 private:
  void take_type(size_t argument) {
    type_ = static_cast<at::ScalarType>(arguments_[argument].toInt());
    if (is_narrow(type_)) wide_[argument] = static_cast<int64_t>(at::kFloat);
  }

  IValue narrowed(const IValue& result) const {
    if (result.isTensor()) return narrowed(result.toTensor());
    if (!result.isTensorList()) return result;
    c10::List<at::Tensor> list;
    for (const IValue& element : result.toListRef()) list.push_back(narrowed(element.toTensor()));
    return list;
  }
  at::Tensor narrowed(const at::Tensor& result) const {
    for (size_t i = 0; i < arguments_.size(); ++i)
      if (wide_[i].isTensor() && result.is_same(wide_[i].toTensor())) return arguments_[i].toTensor();
    const bool rounds = result.defined() && result.scalar_type() == at::kFloat && is_narrow(type_);
    return rounds ? result.to(type_) : result;
  }

  const c10::FunctionSchema& schema_;
  const std::vector<IValue>& arguments_;
  Promotion promotion_;
  at::ScalarType type_ = at::kFloat;
  std::vector<IValue> wide_;
};

}  // namespace

LackOfKernels::LackOfKernels() : before_(times_needed) {}
bool LackOfKernels::was_met() const { return times_needed != before_; }

std::optional<std::vector<IValue>> results_in_float32(torch::jit::Operation& operation,
                                                      const c10::FunctionSchema& schema,
                                                      const std::vector<IValue>& arguments) {
  WideCall call(schema, arguments);
  if (!call.has_narrow() || schema.is_vararg()) return std::nullopt;
  try {
    std::vector<IValue> results = call.run(operation);
    ++times_needed;
    return results;
  } catch (const OutOfBudget&) {
    throw;
  } catch (const std::exception&) {
    return std::nullopt;  // the first complaint is the model's own
  }
}

}  // namespace passerelle::torchscript
