// Containers, numbers, strings, attributes; what folds and what does not.
#include <ATen/ATen.h>

#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

Trace traced(const std::string& body, const std::vector<InputSpec>& specs = {shape({2, 3, 4})}) {
  return faithful_trace(model_of("def forward(self, x):\n" + body), specs);
}

Trace reported(const std::string& body, const std::vector<InputSpec>& specs = {shape({2, 3, 4})}) {
  return any_trace(model_of("def forward(self, x):\n" + body), specs);
}

}  // namespace

TEST_CASE("arithmetic on shapes folds") {
  const Trace trace = traced(
      "  b, c, n = x.size()\n"
      "  half = int(c * n / 2)\n"
      "  y = x.reshape([b, -1, half])\n"
      "  return y.flatten(1) * float(len(x.size()))\n");
  CHECK(operators(trace) == "aten::reshape aten::flatten aten::mul");
}

TEST_CASE("tensors made of shapes and constants fold into constants") {
  const Trace trace = traced("  steps = torch.arange(x.size(2)) * 2\n  return x + steps + torch.zeros_like(x)\n");
  REQUIRE(operators(trace) == "aten::add aten::add");
  const Tensor& steps = trace[*trace.nodes[0].arguments[1].second.tensor()];
  CHECK(steps.dependence == Dependence::shape);
  REQUIRE(steps.constant);
  CHECK(steps.constant->integers() == std::vector<int64_t>{0, 2, 4, 6});
}

TEST_CASE("lists, tuples, dicts and strings") {
  traced(
      "  parts: List[Tensor] = []\n"
      "  for p in x.unbind(1):\n"
      "    parts.append(p * 2)\n"
      "  parts.insert(0, parts.pop())\n"
      "  return torch.cat(parts, 1), torch.stack(parts[1:])\n");
  traced(
      "  d: Dict[str, Tensor] = {}\n"
      "  d['a'] = x + 1\n"
      "  d['b{}'.format(1)] = d['a'] * 2\n"
      "  total = x\n"
      "  for k, v in d.items():\n"
      "    if k.startswith('b'):\n"
      "      total = total + v\n"
      "  return total, d\n");
  traced("  t = (x, x + 1, 3)\n  a, b, n = t\n  return (a * n, (b, t[0]))\n");
  traced("  mode = 'max'\n  return x.amax(1) if mode.upper() == 'MAX' else x\n");
}

TEST_CASE("outputs are flat, depth first, None left out") {
  const Trace trace = traced(
      "  nothing: Optional[Tensor] = None\n"
      "  return [x, x + 1], (nothing, {'k': x * 2}), 7\n");
  REQUIRE(trace.outputs.size() == 4);
  CHECK(trace.outputs[0].name == "output0");
  CHECK(trace.outputs[0].tensor == trace.inputs[0].tensor);
  CHECK(trace.outputs[3].name == "output3");
  CHECK(trace[trace.outputs[3].tensor].dependence == Dependence::constant);
}

TEST_CASE("operators that change nothing leave no node") {
  CHECK(operators(traced("  return x.detach().contiguous().clone().to(6).view(2, 3, 4).expand(2, 3, 4) + 1\n")) ==
        "aten::add");
  CHECK(operators(traced("  return torch.dropout(x, 0.5, False).reshape(2, 3, 4)\n")).empty());
  CHECK(operators(traced("  return x.to(7)\n")) == "aten::to");
}

TEST_CASE("what nobody reads is left out") {
  CHECK(operators(traced("  unused = x.relu() * 2\n  return x + 1\n")) == "aten::add");
}

TEST_CASE("operators with several results") {
  const Trace trace = traced("  values, places = x.max(1)\n  a, b = (values * 2).chunk(2, 1)\n  return a, b, places\n");
  REQUIRE(operators(trace) == "aten::max aten::mul aten::chunk");
  CHECK(trace.nodes[0].results.size() == 2);
  REQUIRE(trace.nodes[2].results.size() == 1);
  CHECK(trace.nodes[2].results[0].list()->size() == 2);
}

TEST_CASE("a number taken from data is a tensor where an operator takes one, and else reported where it is used") {
  const Trace item = reported("  n = x.sum().item()\n  return x * n\n");
  CHECK(reasons(item).empty());
  CHECK(operators(item) == "aten::sum aten::mul");
  const Trace sum = reported("  n = float(x.sum()) ** 2\n  return x * n\n");
  REQUIRE(reasons(sum) == "dynamic-shape");
  CHECK(sum.diagnostics[0].op == "aten::mul");
  CHECK(sum.diagnostics[0].origin.user.line == 3);
  CHECK(reasons(reported("  n = int(x.abs().sum())\n  return torch.zeros([n + 1])\n")) == "dynamic-shape");
  CHECK(reasons(reported("  sizes = [1, int(x.abs().sum()) * 0 + 1]\n  return x.repeat(sizes[0], 1, sizes[1])\n")) ==
        "dynamic-shape");
  CHECK(reasons(reported("  return int(x.sum())\n")) == "dynamic-shape");
  CHECK(reasons(reported("  n = x.sum().item()\n  return x\n")).empty());
}

TEST_CASE("shapes that depend on data are reported") {
  CHECK(reasons(reported("  return torch.nonzero(x)\n")) == "dynamic-shape");
  CHECK(reasons(reported("  return x[x > 0]\n")) == "dynamic-shape");
  CHECK(reasons(reported("  return x[torch.tensor([0, 1])]\n")).empty());
  CHECK(reasons(reported("  return torch.nonzero(torch.ones([2, 2])) + x.to(4)[0, 0, 0]\n")).empty());
}

TEST_CASE("random numbers are reported, and never folded") {
  const Trace trace = reported("  return x + torch.rand([4])\n");
  CHECK(reasons(trace) == "nondeterministic");
  CHECK(operators(trace) == "aten::rand aten::add");
  const Trace dropout = reported("  return torch.dropout(x, 0.5, True)\n");
  CHECK(reasons(dropout) == "nondeterministic");
  CHECK(operators(dropout) == "aten::dropout");
  CHECK(reasons(reported("  return torch.rand_like(x)\n")) == "nondeterministic");
}

TEST_CASE("attributes") {
  const Setup setup = [](torch::jit::Module& module) {
    module.register_parameter("w", at::ones({4}), false);
    module.register_attribute("scales", c10::ListType::ofFloats(), c10::List<double>({2.0, 3.0}));
    module.register_attribute("count", c10::IntType::get(), 3);
  };
  const Model reads = model_of(
      "def forward(self, x):\n"
      "  for s in self.scales:\n"
      "    x = x * s\n"
      "  return x * self.w + self.count\n",
      setup);
  CHECK(operators(faithful_trace(reads, {shape({2, 4})})) == "aten::mul aten::mul aten::mul aten::add");

  const Model sets = model_of("def forward(self, x):\n  self.count = self.count + 1\n  return x * self.count\n", setup);
  for (int run = 0; run < 2; ++run) {
    const Trace trace = any_trace(sets, {shape({2, 4})});
    REQUIRE(reasons(trace) == "state");
    CHECK(trace.diagnostics[0].message.find("'count'") != std::string::npos);
    CHECK(std::get<int64_t>(trace.nodes[0].arguments[1].second.data) == 4);
  }
  const Model appends =
      model_of("def forward(self, x):\n  self.scales.append(1.)\n  return x * float(len(self.scales))\n", setup);
  for (int run = 0; run < 2; ++run) {
    const Trace trace = any_trace(appends, {shape({2, 4})});
    REQUIRE(reasons(trace) == "state");
    CHECK(std::get<double>(trace.nodes[0].arguments[1].second.data) == 3.0);
  }
}

TEST_CASE("constants view the model's own memory") {
  const Setup setup = [](torch::jit::Module& module) {
    module.register_parameter("w", at::arange(6, at::kFloat).reshape({2, 3}), false);
  };
  const Model model =
      model_of("def forward(self, x):\n  return x.matmul(self.w.t()), x + self.w[0], x - self.w[1]\n", setup);
  const Trace trace = faithful_trace(model, {shape({4, 3})});
  REQUIRE(operators(trace) == "aten::matmul aten::add aten::sub");
  const auto constant = [&](size_t node) { return *trace[*trace.nodes[node].arguments[1].second.tensor()].constant; };
  CHECK(constant(0).floats() == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(constant(2).floats() == std::vector<float>{3, 4, 5});
  CHECK(constant(0).data() == constant(1).data());
  CHECK(static_cast<const float*>(constant(2).data()) == static_cast<const float*>(constant(0).data()) + 3);
}

TEST_CASE("a batch norm in training mode changes the model, which is reported and not done") {
  const Setup setup = [](torch::jit::Module& module) {
    module.register_buffer("mean", at::zeros({3}));
    module.register_buffer("var", at::ones({3}));
  };
  const Model model = model_of(
      "def forward(self, x):\n"
      "  y = torch.batch_norm(x, None, None, self.mean, self.var, True, 0.1, 1e-5, False)\n"
      "  return y + self.mean.view(1, 3, 1)\n",
      setup);
  const Trace trace = any_trace(model, {shape({2, 3, 4})});
  CHECK(reasons(trace) == "state");
  const Tensor& mean = trace[*trace.nodes.back().arguments[1].second.tensor()];
  CHECK(mean.constant->floats() == std::vector<float>{0, 0, 0});
}

TEST_CASE("a list that holds itself does not end the program") {
  CHECK(reasons(reported("  l: List[Any] = [x]\n  l.append(l)\n  return x + len(l)\n")) == "too-large");
  CHECK(reasons(reported("  l: List[Any] = [x]\n"
                         "  for i in range(60):\n"
                         "    m: List[Any] = [l, l]\n"
                         "    l = m\n"
                         "  return x + len(l)\n")) == "too-large");
}

TEST_CASE("a module that keeps state is reported, with the line that changes it") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  y = self.t * 0.5\n"
      "  self.t = y + x\n"
      "  return self.t\n",
      [](torch::jit::Module& module) { module.register_attribute("t", c10::TensorType::get(), at::zeros({1})); });
  const Trace trace = any_trace(model, {shape({1})});
  REQUIRE(trace.diagnostics.size() == 1);
  CHECK(trace.diagnostics[0].reason == graph::Reason::state);
  CHECK(trace.diagnostics[0].origin.op == "prim::SetAttr");
  CHECK(trace.diagnostics[0].origin.user.line == 3);
}

TEST_CASE("an attribute that is set before it is read is no state") {
  const Setup setup = [](torch::jit::Module& module) {
    module.register_attribute("t", c10::TensorType::get(), at::zeros({1}));
  };
  const Model model = model_of("def forward(self, x):\n  self.t = x + 1\n  return self.t * 2\n", setup);
  CHECK(operators(faithful_trace(model, {shape({2})})) == "aten::add aten::mul");
}

TEST_CASE("what is computed from unknown operators is unknown, the rest is traced") {
  const Trace trace = reported("  a = torch.geqrf(x[0])\n  b = a[0] + 1\n  return (x * 2, b)\n");
  CHECK(reasons(trace) == "unknown-operator");
  CHECK(trace.diagnostics[0].op == "aten::geqrf");
}

TEST_CASE("quantized tensors") {
  const Trace trace = traced(
      "  q = torch.quantize_per_tensor(x, 0.1, 3, 13)\n"
      "  return torch.dequantize(torch.relu(q)), q\n");
  REQUIRE(operators(trace) == "aten::quantize_per_tensor aten::relu aten::dequantize");
  const Tensor& q = trace[*trace.nodes[0].results[0].tensor()];
  CHECK(q.type == graph::ElementType::quint8);
  CHECK(q.quantization.scale == Catch::Approx(0.1));
  CHECK(q.quantization.zero_point == 3);
}

}  // namespace passerelle::torchscript::testing
