// What a report proposes instead of an operator without a lowering can be converted, and computes the same.
#include <catch2/catch.hpp>

#include "harness.h"

using namespace passerelle::tests;

TEST_CASE("alternatives to operators without a lowering") {
  require_all({
      {"return x.sort(1)[0].select(1, (x.size(1) - 1) // 2)", {{"x", {2, 5, 3}}}},
      {"return x.topk(2, 1, largest=False)[0].select(1, 1)", {{"x", {2, 5, 3}}}},
      {"return torch.stack([x[..., : i + 1].amax(-1) for i in range(4)], -1)", {{"x", {2, 3, 4}}}},
      {"return torch.exp(torch.cumsum(torch.log(x), 1))", {{"x", {2, 4}, 0.5, 2}}},
      {"return torch.log(torch.cumsum(torch.exp(x), 1))", {{"x", {2, 4}}}},
      {"return (torch.exp(x) - torch.exp(-x)) / 2", {{"x", {2, 4}}}},
      {"return torch.sign(x) * torch.log(x.abs() + torch.sqrt(x * x + 1))", {{"x", {2, 4}}}},
      {"return torch.log(x + torch.sqrt(x * x - 1))", {{"x", {2, 4}, 1.5, 3}}},
      {"return torch.log((1 + x) / (1 - x)) / 2", {{"x", {2, 4}, -0.5, 0.5}}},
      {"return torch.sqrt(x * x + y * y)", {{"x", {2, 4}}, {"y", {2, 4}}}},
      {"return x.unsqueeze(1) * y", {{"x", {3}}, {"y", {4}}}},
      {"return (x.unsqueeze(-1) > torch.tensor([-1.0, 0.0, 1.0])).float().sum(-1)", {{"x", {2, 4}}}},
      {"return torch.sqrt(((x.unsqueeze(-2) - y.unsqueeze(-3)) ** 2).sum(-1))", {{"x", {3, 4}}, {"y", {5, 4}}}},
      {"return x.roll(-1, 1) * y.roll(-2, 1) - x.roll(-2, 1) * y.roll(-1, 1)", {{"x", {2, 3}}, {"y", {2, 3}}}},
      {"return (x * torch.eye(4)).sum()", {{"x", {4, 4}}}},
      {"return x.unsqueeze(-1) * torch.eye(4)", {{"x", {2, 4}}}},
      {"return (x.abs() == float('inf')).float()", {{"x", {2, 4}}}},
  });
}
