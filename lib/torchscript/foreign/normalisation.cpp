// Normalisation: nn.RMSNorm, and the forms of batch norm that torch.export decomposes into.
#include <limits>
#include <vector>

#include "kernel_arguments.h"
#include "kernels.h"

namespace passerelle::torchscript {
namespace {

using torch::jit::Stack;

double epsilon_of(at::ScalarType type) {
  switch (type) {
    case at::kDouble: return std::numeric_limits<double>::epsilon();
    case at::kHalf: return std::numeric_limits<c10::Half>::epsilon();
    case at::kBFloat16: return std::numeric_limits<c10::BFloat16>::epsilon();
    default: return std::numeric_limits<float>::epsilon();
  }
}

struct Normalised {
  at::Tensor result, factor;
};

/// input / sqrt(mean(input²) + eps) * weight over the last dimensions, in float32 where the input is narrower.
Normalised root_mean_square_norm(Stack& stack) {
  const KernelArguments arguments(stack, 4);
  const at::Tensor input = arguments.tensor(0), weight = arguments.tensor_or_none(2);
  const at::ScalarType type = input.scalar_type();
  const at::Tensor wide = input.to(type == at::kHalf || type == at::kBFloat16 ? at::kFloat : type);
  std::vector<int64_t> dimensions;
  for (size_t i = 0; i < arguments.integers(1).size(); ++i) dimensions.push_back(-1 - static_cast<int64_t>(i));
  const double epsilon = arguments.number_or_none(3).value_or(epsilon_of(type));
  const at::Tensor factor = at::rsqrt(at::mean(wide * wide, dimensions, true) + epsilon);
  const at::Tensor result = wide * factor;
  return {(weight.defined() ? result * weight : result).to(type), factor};
}

void rms_norm(Stack& stack) { stack.emplace_back(root_mean_square_norm(stack).result); }

void fused_rms_norm(Stack& stack) {
  Normalised normalised = root_mean_square_norm(stack);
  stack.emplace_back(std::move(normalised.result));
  stack.emplace_back(std::move(normalised.factor));
}

struct BatchNorm {
  at::Tensor input, weight, bias, mean, variance;
  bool training = false;
  double epsilon = 0;
};

/// The result and the statistics, without a word of momentum: nothing is written to.
void push_batch_norm(Stack& stack, const BatchNorm& norm) {
  constexpr double no_momentum = 0;
  const auto results = at::native_batch_norm(norm.input, norm.weight, norm.bias, norm.mean, norm.variance,
                                             norm.training, no_momentum, norm.epsilon);
  stack.emplace_back(std::get<0>(results));
  stack.emplace_back(std::get<1>(results));
  stack.emplace_back(std::get<2>(results));
}

BatchNorm batch_norm_of(const KernelArguments& arguments) {
  return {arguments.tensor(0), arguments.tensor_or_none(1), arguments.tensor_or_none(2), {}, {}};
}

/// (input, weight, bias, running_mean, running_var, momentum, eps)
void batch_norm_no_training(Stack& stack) {
  const KernelArguments arguments(stack, 7);
  BatchNorm norm = batch_norm_of(arguments);
  norm.mean = arguments.tensor_or_none(3);
  norm.variance = arguments.tensor_or_none(4);
  norm.epsilon = arguments[6].toDouble();
  push_batch_norm(stack, norm);
}

void batch_norm_no_update(Stack& stack) {
  batch_norm_no_training(stack);
  stack.emplace_back(at::Tensor());  // what a backward pass would want
}

/// (input, weight, bias, running_mean, running_var, training, momentum, eps)
void batch_norm_with_statistics(Stack& stack) {
  const KernelArguments arguments(stack, 8);
  BatchNorm norm = batch_norm_of(arguments);
  norm.mean = arguments.tensor(3);
  norm.variance = arguments.tensor(4);
  norm.training = arguments[5].toBool();
  norm.epsilon = arguments[7].toDouble();
  push_batch_norm(stack, norm);
}

/// (input, weight, bias, training, momentum, eps)
void batch_norm_without_statistics(Stack& stack) {
  const KernelArguments arguments(stack, 6);
  BatchNorm norm = batch_norm_of(arguments);
  norm.training = true;  // there is nothing but the batch's own
  norm.epsilon = arguments[5].toDouble();
  push_batch_norm(stack, norm);
}

constexpr ForeignKernelRow table[] = {
    {"aten::rms_norm", rms_norm},
    {"aten::_fused_rms_norm", fused_rms_norm},
    {"aten::_native_batch_norm_legit_no_training", batch_norm_no_training},
    {"aten::_native_batch_norm_legit", batch_norm_with_statistics},
    {"aten::_native_batch_norm_legit.no_stats", batch_norm_without_statistics},
    {"aten::_batch_norm_no_update", batch_norm_no_update},
};

}  // namespace

Span<const ForeignKernelRow> normalisation_kernels() { return table; }

}  // namespace passerelle::torchscript
