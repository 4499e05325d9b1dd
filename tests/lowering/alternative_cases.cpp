// What a report proposes instead of an operator without a lowering can be converted, and computes the same.
#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

TEST_CASE("alternatives to operators without a lowering") {
  require_all({
      {"return torch.log(torch.cumsum(torch.exp(x), 1))", {{"x", {2, 4}}}},
      {"return torch.sqrt(((x.unsqueeze(-2) - y.unsqueeze(-3)) ** 2).sum(-1))", {{"x", {3, 4}}, {"y", {5, 4}}}},
  });
}
