#include "foreign_kernels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace passerelle::torchscript {
namespace {

using c10::IValue;
using torch::jit::Stack;

std::vector<IValue> take(Stack& stack, size_t count) {
  TORCH_CHECK(stack.size() >= count, "too few arguments");
  std::vector<IValue> arguments(stack.end() - static_cast<std::ptrdiff_t>(count), stack.end());
  stack.resize(stack.size() - count);
  return arguments;
}

at::Tensor attention_mask(const IValue& mask, bool is_causal, const at::Tensor& scores) {
  at::Tensor added = at::zeros({scores.size(-2), scores.size(-1)}, scores.options());
  const double lowest = -std::numeric_limits<double>::infinity();
  if (is_causal) added.masked_fill_(at::ones_like(added, at::kBool).tril().logical_not(), lowest);
  if (mask.isNone()) return added;
  const at::Tensor& given = mask.toTensor();
  if (given.scalar_type() != at::kBool) return added + given;
  return added.expand(at::infer_size(added.sizes(), given.sizes())).masked_fill(given.logical_not(), lowest);
}

float overlap(const float* a, const float* b) {
  const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  const float common = std::max(width, 0.f) * std::max(height, 0.f);
  const float all = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common;
  return common / all;
}

}  // namespace

void scaled_dot_product_attention(Stack& stack) {
  const std::vector<IValue> arguments = take(stack, 8);
  const at::Tensor query = arguments[0].toTensor();
  at::Tensor key = arguments[1].toTensor(), value = arguments[2].toTensor();
  const double scale =
      arguments[6].isNone() ? 1 / std::sqrt(static_cast<double>(query.size(-1))) : arguments[6].toDouble();
  if (arguments[7].toBool()) {
    key = key.repeat_interleave(query.size(-3) / key.size(-3), -3);
    value = value.repeat_interleave(query.size(-3) / value.size(-3), -3);
  }
  const at::Tensor scores = at::matmul(query, key.transpose(-2, -1)) * scale;
  const at::Tensor weights = at::softmax(scores + attention_mask(arguments[3], arguments[5].toBool(), scores), -1);
  stack.emplace_back(at::matmul(at::dropout(weights, arguments[4].toDouble(), arguments[4].toDouble() > 0), value));
}

void rms_norm(Stack& stack) {
  const std::vector<IValue> arguments = take(stack, 4);
  const at::Tensor input = arguments[0].toTensor();
  std::vector<int64_t> dimensions;
  for (size_t i = 0; i < arguments[1].toIntVector().size(); ++i) dimensions.push_back(-1 - static_cast<int64_t>(i));
  const double epsilon =
      arguments[3].isNone() ? static_cast<double>(std::numeric_limits<float>::epsilon()) : arguments[3].toDouble();
  at::Tensor result = input * at::rsqrt(at::mean(input * input, dimensions, true) + epsilon);
  if (!arguments[2].isNone()) result = result * arguments[2].toTensor();
  stack.emplace_back(result);
}

void squeeze_dims(Stack& stack) {
  const std::vector<IValue> arguments = take(stack, 2);
  at::Tensor result = arguments[0].toTensor();
  const int64_t rank = result.dim();
  std::vector<int64_t> dimensions = arguments[1].toIntVector();
  for (int64_t& dimension : dimensions) dimension += dimension < 0 ? rank : 0;
  std::sort(dimensions.rbegin(), dimensions.rend());
  for (int64_t dimension : dimensions) result = result.squeeze(dimension);
  stack.emplace_back(result);
}

void nms(Stack& stack) {
  const std::vector<IValue> arguments = take(stack, 3);
  const at::Tensor boxes = arguments[0].toTensor().to(at::kFloat).contiguous();
  const at::Tensor order = arguments[1].toTensor().argsort(0, true).contiguous();
  const auto threshold = static_cast<float>(arguments[2].toDouble());
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4, "boxes should be of shape [N, 4]");
  TORCH_CHECK(order.dim() == 1 && order.size(0) == boxes.size(0), "boxes and scores should have as many elements");
  const float* corners = boxes.data_ptr<float>();
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < order.size(0); ++i) {
    const int64_t candidate = order.data_ptr<int64_t>()[i];
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](int64_t better) {
      return overlap(corners + 4 * better, corners + 4 * candidate) > threshold;
    });
    if (!covered) kept.push_back(candidate);
  }
  stack.emplace_back(at::tensor(kept, at::kLong));
}

}  // namespace passerelle::torchscript
