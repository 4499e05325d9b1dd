// Attention: one computation, and the forms in which PyTorch's dispatcher has it.
#include <cmath>
#include <limits>

#include "kernel_arguments.h"
#include "kernels.h"

namespace passerelle::torchscript {
namespace {

using torch::jit::Stack;

constexpr double lowest = -std::numeric_limits<double>::infinity();

/// As at::softmax, but a row of minus infinities (nothing to attend to) gives zeros.
at::Tensor safe_softmax(const at::Tensor& scores, int64_t dimension) {
  const at::Tensor nothing = scores.eq(lowest).all(dimension, true);
  return at::softmax(scores, dimension).masked_fill(nothing, 0);
}

struct Request {
  at::Tensor query, key, value, mask{};
  double dropout = 0;
  bool is_causal = false;
  std::optional<double> scale{};
  bool shares_heads = false;
};

struct Attention {
  at::Tensor output, weights, scores;
};

at::Tensor added_mask(const Request& request, const at::Tensor& scores) {
  at::Tensor added = at::zeros({scores.size(-2), scores.size(-1)}, scores.options());
  if (request.is_causal) added.masked_fill_(at::ones_like(added, at::kBool).tril().logical_not(), lowest);
  if (!request.mask.defined()) return added;
  if (request.mask.scalar_type() != at::kBool) return added + request.mask;
  const auto shape = at::infer_size(added.sizes(), request.mask.sizes());
  return added.expand(shape).masked_fill(request.mask.logical_not(), lowest);
}

/// Of images of tokens [batch, heads, length, size] PyTorch's kernel gives a result that lies as the query does: models
/// that torch.export has written rely on it.
at::Tensor laid_out_as(const at::Tensor& query, const at::Tensor& result) {
  if (query.dim() != 4 || query.sizes() != result.sizes()) return result;
  return at::empty_like(query).copy_(result);
}

Attention attend(const Request& request) {
  const at::Tensor& query = request.query;
  at::Tensor key = request.key, value = request.value;
  const double scale = request.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  if (request.shares_heads) {
    key = key.repeat_interleave(query.size(-3) / key.size(-3), -3);
    value = value.repeat_interleave(query.size(-3) / value.size(-3), -3);
  }
  at::Tensor scores = at::matmul(query, key.transpose(-2, -1)) * scale;
  scores = scores + added_mask(request, scores);
  const at::Tensor weights = safe_softmax(scores, -1);
  const at::Tensor kept = at::dropout(weights, request.dropout, request.dropout > 0);
  return {laid_out_as(query, at::matmul(kept, value)), weights, scores};
}

/// Where each of a form's arguments stands after query, key and value; 0: it has none.
struct Form {
  size_t count;
  size_t mask, dropout, is_causal, scale, shares_heads;
};

Attention attend(Stack& stack, const Form& form) {
  const KernelArguments arguments(stack, form.count);
  Request request{arguments.tensor(0), arguments.tensor(1), arguments.tensor(2)};
  if (form.mask != 0) request.mask = arguments.tensor_or_none(form.mask);
  request.dropout = arguments[form.dropout].toDouble();
  request.is_causal = arguments[form.is_causal].toBool();
  request.scale = arguments.number_or_none(form.scale);
  request.shares_heads = form.shares_heads != 0 && arguments[form.shares_heads].toBool();
  return attend(request);
}

void scaled_dot_product_attention(Stack& stack) { stack.emplace_back(attend(stack, {8, 3, 4, 5, 6, 7}).output); }

void attention_with_weights(Stack& stack) {
  const Attention attention = attend(stack, {9, 3, 4, 5, 7, 8});
  stack.emplace_back(attention.output);
  stack.emplace_back(attention.weights);
}

/// Results that only training reads stay undefined.
void push_without_training(Stack& stack, const Attention& attention, size_t tensors_behind) {
  stack.emplace_back(attention.output);
  stack.emplace_back(attention.scores.logsumexp(-1));
  for (size_t i = 0; i < tensors_behind; ++i) stack.emplace_back(at::Tensor());
}

void flash_attention_for_cpu(Stack& stack) { push_without_training(stack, attend(stack, {7, 5, 3, 4, 6, 0}), 0); }

void efficient_attention(Stack& stack) { push_without_training(stack, attend(stack, {8, 3, 5, 6, 7, 0}), 2); }

/// output, logsumexp, cum_seq_q, cum_seq_k, max_q, max_k, two of the random generator, debug_attn_mask
void push_flash_results(Stack& stack, const Attention& attention) {
  push_without_training(stack, attention, 2);
  stack.emplace_back(attention.scores.size(-2));
  stack.emplace_back(attention.scores.size(-1));
  for (int i = 0; i < 3; ++i) stack.emplace_back(at::Tensor());
}

void flash_attention(Stack& stack) { push_flash_results(stack, attend(stack, {7, 0, 3, 4, 6, 0})); }
void cudnn_attention(Stack& stack) { push_flash_results(stack, attend(stack, {9, 3, 5, 6, 8, 0})); }

void softmax_of_masked(Stack& stack) {
  const KernelArguments arguments(stack, 3);
  const at::Tensor self = arguments.tensor(0);
  stack.emplace_back(
      safe_softmax(self.to(arguments.type_or_none(2).value_or(self.scalar_type())), arguments[1].toInt()));
}

constexpr ForeignKernelRow table[] = {
    {"aten::scaled_dot_product_attention", scaled_dot_product_attention},
    {"aten::_scaled_dot_product_attention_math", attention_with_weights},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", flash_attention_for_cpu},
    {"aten::_scaled_dot_product_flash_attention", flash_attention},
    {"aten::_scaled_dot_product_efficient_attention", efficient_attention},
    {"aten::_scaled_dot_product_cudnn_attention", cudnn_attention},
    {"aten::_safe_softmax", softmax_of_masked},
};

}  // namespace

Span<const ForeignKernelRow> attention_kernels() { return table; }

}  // namespace passerelle::torchscript
