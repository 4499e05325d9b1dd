// Operators that choose, move and compare elements.
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <vector>

#include "kernel_arguments.h"
#include "kernels.h"

namespace passerelle::torchscript {
namespace {

using torch::jit::Stack;

/// Counted from the front, the last first, so that each can be taken away by itself.
std::vector<int64_t> from_last(std::vector<int64_t> dimensions, int64_t rank) {
  for (int64_t& dimension : dimensions) dimension += dimension < 0 ? rank : 0;
  std::sort(dimensions.rbegin(), dimensions.rend());
  return dimensions;
}

at::Tensor squeezed(const KernelArguments& arguments) {
  at::Tensor result = arguments.tensor(0);
  for (int64_t dimension : from_last(arguments.integers(1), result.dim())) result = result.squeeze(dimension);
  return result;
}

void squeeze_dims(Stack& stack) { stack.emplace_back(squeezed({stack, 2})); }
void squeeze_copy_dims(Stack& stack) { stack.emplace_back(squeezed({stack, 2}).clone()); }

/// (self, dim=None, keepdim=False)
template <typename Reduce>
void reduce_dimensions(Stack& stack, Reduce&& reduce) {
  const KernelArguments arguments(stack, 3);
  at::Tensor result = arguments.tensor(0);
  std::vector<int64_t> dimensions;
  if (arguments[1].isNone())
    for (int64_t i = 0; i < result.dim(); ++i) dimensions.push_back(i);
  else
    dimensions = arguments.integers(1);
  result = result.to(result.scalar_type() == at::kByte ? at::kByte : at::kBool);
  for (int64_t dimension : from_last(dimensions, result.dim()))
    result = reduce(result, dimension, arguments[2].toBool());
  stack.emplace_back(result);
}

void all_dims(Stack& stack) {
  reduce_dimensions(stack, [](const at::Tensor& tensor, int64_t dim, bool keep) { return at::all(tensor, dim, keep); });
}
void any_dims(Stack& stack) {
  reduce_dimensions(stack, [](const at::Tensor& tensor, int64_t dim, bool keep) { return at::any(tensor, dim, keep); });
}

void is_all_true(Stack& stack) { stack.emplace_back(KernelArguments(stack, 1).tensor(0).all()); }
void is_any_true(Stack& stack) { stack.emplace_back(KernelArguments(stack, 1).tensor(0).any()); }

void copy_lazily(Stack& stack) { stack.emplace_back(KernelArguments(stack, 1).tensor(0).clone()); }

void reshape_copy(Stack& stack) {
  const KernelArguments arguments(stack, 2);
  stack.emplace_back(arguments.tensor(0).reshape(arguments.integers(1)).clone());
}

void index_by(const char* overload, Stack& stack) {
  const auto index = torch::jit::findOperatorFor({"aten::index", overload});
  TORCH_CHECK(index != nullptr, "LibTorch should have aten::index.", overload);
  index->getOperation()(stack);
}

/// What is unsafe of it is that it need not check the indices.
void unsafe_index(Stack& stack) { index_by("Tensor", stack); }
void unsafe_index_of_tensors(Stack& stack) { index_by("Tensor_hacked_twin", stack); }

void prelu(Stack& stack) {
  const KernelArguments arguments(stack, 2);
  const at::Tensor self = arguments.tensor(0);
  stack.emplace_back(at::where(self > 0, self, arguments.tensor(1) * self));
}

void broadcast_shapes(Stack& stack) {
  const KernelArguments arguments(stack, 2);
  const auto shape = at::infer_size(arguments.integers(0), arguments.integers(1));
  stack.emplace_back(std::vector<int64_t>(shape.begin(), shape.end()));
}

/// (start, end, steps, dtype, layout, device, pin_memory), where start and end may be tensors of one number.
void linspace(Stack& stack) {
  const KernelArguments arguments(stack, 7);
  const auto number = [&](size_t position) {
    return arguments[position].isTensor() ? arguments.tensor(position).item() : arguments[position].toScalar();
  };
  stack.emplace_back(at::linspace(number(0), number(1), arguments[2].toInt(),
                                  at::TensorOptions(arguments.type_or_none(3).value_or(at::kFloat))));
}

constexpr ForeignKernelRow table[] = {
    {"aten::squeeze.dims", squeeze_dims},
    {"aten::squeeze_copy.dims", squeeze_copy_dims},
    {"aten::all.dims", all_dims},
    {"aten::any.dims", any_dims},
    {"aten::_is_all_true", is_all_true},
    {"aten::_is_any_true", is_any_true},
    {"aten::_lazy_clone", copy_lazily},
    {"aten::_reshape_copy", reshape_copy},
    {"aten::_unsafe_index.Tensor", unsafe_index},
    {"aten::_unsafe_index.Tensor_hacked_twin", unsafe_index_of_tensors},
    {"aten::_prelu_kernel", prelu},
    {"aten::broadcast_shapes", broadcast_shapes},
    {"aten::linspace.Scalar_Tensor", linspace},
    {"aten::linspace.Tensor_Scalar", linspace},
    {"aten::linspace.Tensor_Tensor", linspace},
};

}  // namespace

Span<const ForeignKernelRow> element_kernels() { return table; }

}  // namespace passerelle::torchscript
