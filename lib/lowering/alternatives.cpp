#include "alternatives.h"

#include <map>

namespace passerelle::lowering {
namespace {

constexpr const char* in_the_app =
    "leave it to the app: end the model before it, or make its result an input of the model";

const std::map<std::string_view, const char*>& alternatives() {
  static const std::map<std::string_view, const char*> table = {
      {"aten::median", "sort, and take the middle: x.sort(dim)[0].select(dim, (x.size(dim) - 1) // 2)"},
      {"aten::kthvalue", "x.topk(k, dim, largest=False)[0].select(dim, k - 1)"},
      {"aten::cummax", "torch.stack([x[..., : i + 1].amax(-1) for i in range(n)], -1), with a fixed n"},
      {"aten::cummin", "torch.stack([x[..., : i + 1].amin(-1) for i in range(n)], -1), with a fixed n"},
      {"aten::cumprod", "of positive numbers: torch.exp(torch.cumsum(torch.log(x), dim))"},
      {"aten::logcumsumexp", "torch.log(torch.cumsum(torch.exp(x), dim)), where exp does not overflow"},
      {"aten::sinh", "(torch.exp(x) - torch.exp(-x)) / 2"},
      {"aten::cosh", "(torch.exp(x) + torch.exp(-x)) / 2"},
      {"aten::asinh", "torch.sign(x) * torch.log(x.abs() + torch.sqrt(x * x + 1))"},
      {"aten::acosh", "torch.log(x + torch.sqrt(x * x - 1))"},
      {"aten::atanh", "torch.log((1 + x) / (1 - x)) / 2"},
      {"aten::hypot", "torch.sqrt(x * x + y * y)"},
      {"aten::outer", "x.unsqueeze(1) * y"},
      {"aten::ger", "x.unsqueeze(1) * y"},
      {"aten::bucketize", "(x.unsqueeze(-1) > boundaries).float().sum(-1)"},
      {"aten::searchsorted", "(x.unsqueeze(-1) > boundaries).float().sum(-1)"},
      {"aten::cdist", "torch.sqrt(((x.unsqueeze(-2) - y.unsqueeze(-3)) ** 2).sum(-1))"},
      {"aten::_cdist_forward", "torch.sqrt(((x.unsqueeze(-2) - y.unsqueeze(-3)) ** 2).sum(-1))"},
      {"aten::cross", "x.roll(-1, dim) * y.roll(-2, dim) - x.roll(-2, dim) * y.roll(-1, dim)"},
      {"aten::linalg_cross", "x.roll(-1, dim) * y.roll(-2, dim) - x.roll(-2, dim) * y.roll(-1, dim)"},
      {"aten::trace", "(x * torch.eye(n)).sum()"},
      {"aten::diag_embed", "x.unsqueeze(-1) * torch.eye(n)"},
      {"aten::isinf", "x.abs() == float('inf')"},
      {"aten::fft_rfft", "two matrix products with constant cosines and sines: x @ self.cosines, x @ self.sines"},
      {"aten::fft_fft", "two matrix products with constant cosines and sines: x @ self.cosines, x @ self.sines"},
      {"aten::stft", "conv1d with the windowed cosines and sines as constant filters, or do it in the app"},
      {"aten::conv3d", "conv2d on each slice, or conv1d along the third dimension after conv2d"},
      {"aten::scatter_add", "a matrix product with the rows' one-hot codes: F.one_hot(index, n).float().t() @ source"},
      {"aten::index_add", "a matrix product with the rows' one-hot codes: F.one_hot(index, n).float().t() @ source"},
      {"aten::grid_sampler", "F.interpolate where it resizes; where the grid is constant, gather on x.flatten(2)"},
  };
  return table;
}

}  // namespace

std::string alternative(std::string_view op) {
  const auto row = alternatives().find(op);
  return row == alternatives().end() ? in_the_app : row->second;
}

}  // namespace passerelle::lowering
