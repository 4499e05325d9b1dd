// torchvision's choice among boxes.
#include <algorithm>
#include <vector>

#include "kernel_arguments.h"
#include "kernels.h"

namespace passerelle::torchscript {
namespace {

float overlap(const float* a, const float* b) {
  const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  const float common = std::max(width, 0.f) * std::max(height, 0.f);
  const float all = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common;
  return common / all;
}

/// Non-maximum suppression: indexes of the boxes kept, best first.
void nms(torch::jit::Stack& stack) {
  const KernelArguments arguments(stack, 3);
  const at::Tensor boxes = arguments.tensor(0).to(at::kFloat).contiguous();
  const at::Tensor order = arguments.tensor(1).argsort(0, true).contiguous();
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

constexpr ForeignKernelRow table[] = {{"torchvision::nms", nms}};

}  // namespace

Span<const ForeignKernelRow> detection_kernels() { return table; }

}  // namespace passerelle::torchscript
