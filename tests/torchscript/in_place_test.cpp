// Operators that write to their arguments, and the tensors that share what they write to.
#include <ATen/ATen.h>

#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

Trace traced(const std::string& body, const std::vector<InputSpec>& specs = {shape({2, 3, 4})}) {
  return faithful_trace(model_of("def forward(self, x):\n" + body), specs);
}

}  // namespace

TEST_CASE("in-place operators become functional") {
  CHECK(operators(traced("  y = x + 1\n  y.relu_()\n  y.add_(x)\n  return y\n")) == "aten::add aten::relu aten::add");
  CHECK(operators(traced("  return torch.hardtanh_(x * 2, 0., 6.)\n")) == "aten::mul aten::hardtanh");
  CHECK(operators(traced("  x.clamp_(0., 1.)\n  return x\n")) == "aten::clamp");
  // pow(Scalar, Tensor) has pow_(Tensor, Scalar)'s overload name, and its arguments' names.
  CHECK(traced("  y = x + 1\n  y.pow_(2)\n  return y\n").nodes.back().overload == "Tensor_Scalar");
}

TEST_CASE("a value read before a write stays what it was") {
  traced("  y = x + 1\n  a = y * 2\n  y.mul_(3.)\n  return a, y, a + y\n");
  traced("  y = x + 1\n  kept = y.clone()\n  y.mul_(3.)\n  return kept, y\n");
}

TEST_CASE("other names of a tensor see what is written to it") {
  traced("  y = x + 1\n  z = y.detach()\n  y.relu_()\n  return z * 2\n");
  traced("  y = x + 1\n  z = y.view(2, 12)\n  y.relu_()\n  return z * 2\n");
  traced("  y = x + 1\n  z = y.view(2, 12)\n  z.relu_()\n  return y * 2\n");
  traced("  y = x + 1\n  z = y.transpose(1, 2)\n  z.mul_(2.)\n  return y - 1\n");
  traced("  y = x + 1\n  z = y.permute(2, 0, 1)\n  z.mul_(2.)\n  return y - 1, z\n");
  traced("  y = x + 1\n  z = y.unsqueeze(0)\n  z.mul_(2.)\n  return y - 1, z\n");
}

TEST_CASE("writes through views are put back") {
  traced("  y = x + 1\n  y[:, 0] = x[:, 1]\n  return y\n");
  traced("  y = x + 1\n  y[:, :, 1:3] = 0.5\n  return y\n");
  traced("  y = x + 1\n  y[0, 1:, ::2] *= 3.\n  return y\n");
  traced("  y = x * 1.5\n  y.select(1, 2).copy_(x.select(1, 0))\n  return y\n");
  traced("  y = x * 1.5\n  y.narrow(2, 1, 2).add_(1.)\n  return y.sum(2)\n");
}

TEST_CASE("a part of a part, and its siblings") {
  traced("  y = x + 1\n  a = y[0]\n  b = a[1:]\n  b.mul_(2.)\n  return a, b, y, y[0, 2]\n");
  traced("  y = x + 1\n  a, b = y.chunk(2, 2)\n  a.mul_(2.)\n  return torch.cat([b, a], 2) + y\n");
  traced("  y = x + 1\n  parts = y.unbind(1)\n  parts[1].mul_(2.)\n  return parts[0], parts[1], y\n");
  traced("  y = x + 1\n  before = y[:, 0]\n  y[:, 1] = before\n  return before, y\n");
  traced("  y = x + 1\n  t = y.transpose(0, 1)\n  t[0] = x[:, 1]\n  return y, t\n");
  traced("  y = x + 1\n  a, b = y.split([1, 3], 2)\n  b.zero_()\n  return a, y\n");
}

TEST_CASE("constants that are filled with data") {
  traced("  y = torch.zeros([2, 3, 4])\n  y[:, 0] = x[:, 1]\n  return y\n");
  traced("  y = torch.zeros_like(x)\n  z = y + 1\n  y[:, :, 2] = x[:, :, 0]\n  return y, z, y + x\n");
  traced("  y = torch.empty([2, 3, 4])\n  y.copy_(x)\n  return y + 1\n");
  traced("  y = torch.ones([2, 3, 4])\n  y.copy_(x[0])\n  return y\n");
  const Trace folded = traced("  y = torch.zeros([4])\n  for i in range(4):\n    y[i] = float(i)\n  return x * y\n");
  CHECK(operators(folded) == "aten::mul");
}

TEST_CASE("a constant keeps its value in the trace when its storage is written to") {
  traced("  c = torch.ones([4])\n  a = x * c\n  c.mul_(3.)\n  return a, x * c\n");
  traced("  c = torch.ones([4])\n  a = x * c\n  c[1:3].mul_(x[0, 0, :2])\n  return a, x * c\n");
}

TEST_CASE("in-place operators keep the dtype of what they write to") {
  traced("  y = x.to(5)\n  y.add_(x)\n  return y\n");
  traced("  y = x + 1\n  y.gt_(0.5)\n  return y\n");
  traced("  y = (x * 10).to(3)\n  z = torch.zeros([2, 3, 4])\n  z.copy_(y)\n  return z\n");
}

TEST_CASE("masked and indexed writes") {
  traced("  y = x + 1\n  y.masked_fill_(x > 0, -1.)\n  return y\n");
  traced("  y = x + 1\n  y[x > 0] = 0.\n  return y\n");
  traced("  y = x + 1\n  y[torch.tensor([1, 0])] = x\n  return y\n");
}

TEST_CASE("shapes changed in place") {
  CHECK(operators(traced("  y = x + 1\n  y.unsqueeze_(1)\n  return y\n")) == "aten::add aten::unsqueeze");
  traced("  y = x + 1\n  z = y[0]\n  y.transpose_(0, 2)\n  y.mul_(2.)\n  return z, y\n");
  traced("  y = x[:, :1] + 1\n  y.squeeze_(1)\n  y[0] = 7.\n  return y\n");
}

TEST_CASE("dropout in place, in evaluation, is nothing") {
  CHECK(operators(traced("  y = x + 1\n  torch.dropout_(y, 0.5, False)\n  return y * 2\n")) == "aten::add aten::mul");
}

TEST_CASE("out= arguments") { traced("  y = torch.empty([2, 3, 4])\n  torch.add(x, x, out=y)\n  return y * 2\n"); }

TEST_CASE("a write through a view that can't be put back is refused, with its line, once it matters") {
  const std::string source =
      "def forward(self, x):\n"
      "  y = x + 1\n"
      "  y.diagonal(0, 1, 2).mul_(2.)\n"
      "  return y\n";
  const Trace trace = any_trace(model_of(source), {shape({2, 3, 3})});
  REQUIRE(reasons(trace) == "in-place-write");
  CHECK(trace.diagnostics[0].op == "aten::mul_");
  CHECK(trace.diagnostics[0].origin.user.line == 3);
}

TEST_CASE("a view that can't be put back does not matter when nobody reads the rest") {
  const Trace trace = traced("  y = x + 1\n  d = y.diagonal(0, 1, 2)\n  d.mul_(2.)\n  return d\n", {shape({2, 3, 3})});
  CHECK(operators(trace) == "aten::add aten::diagonal aten::mul");
}

TEST_CASE("parameters are not written to") {
  const Setup setup = [](torch::jit::Module& module) { module.register_buffer("b", at::ones({4})); };
  const Model model = model_of("def forward(self, x):\n  self.b.add_(1.)\n  return x * self.b\n", setup);
  for (int run = 0; run < 2; ++run) {
    const Trace trace = any_trace(model, {shape({2, 4})});
    CHECK(reasons(trace) == "state");
    REQUIRE(operators(trace) == "aten::mul");
    const TensorId b = *trace.nodes[0].arguments[1].second.tensor();
    CHECK(trace[b].constant->floats() == std::vector<float>{1, 1, 1, 1});
  }
}

}  // namespace passerelle::torchscript::testing
