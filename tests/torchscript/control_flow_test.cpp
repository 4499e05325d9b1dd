// Branches, loops, calls and exceptions.
#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {

TEST_CASE("a branch on the shape is followed, and leaves nothing behind") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  if x.size(0) > 1 and x.dim() == 2:\n"
      "    return x + 1\n"
      "  else:\n"
      "    return x.relu()\n");
  CHECK(operators(faithful_trace(model, {shape({2, 3})})) == "aten::add");
  CHECK(operators(faithful_trace(model, {shape({1, 3})})) == "aten::relu");
}

TEST_CASE("an operator that may not run does no harm in a branch that is not taken") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  if x.size(0) > 100:\n"
      "    return torch.geqrf(x)[0]\n"
      "  return x * 2\n");
  CHECK(operators(faithful_trace(model, {shape({2, 3})})) == "aten::mul");
}

TEST_CASE("loops on constants and shapes are unrolled") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  for i in range(x.size(0)):\n"
      "    if i % 2 == 1:\n"
      "      continue\n"
      "    x = x + float(i)\n"
      "  n = 0\n"
      "  while n < 3:\n"
      "    x = x.relu()\n"
      "    n += 2\n"
      "  return x\n");
  CHECK(operators(faithful_trace(model, {shape({4, 2})})) == "aten::add aten::add aten::relu aten::relu");
}

TEST_CASE("early returns, optionals and assertions") {
  const Model model = model_of(
      "def helper(self, x, y: Optional[Tensor]):\n"
      "  if y is None:\n"
      "    return x * 2\n"
      "  assert x.size(0) == y.size(0), 'sizes differ'\n"
      "  return x + y\n"
      "def forward(self, x):\n"
      "  a = self.helper(x, None)\n"
      "  b = self.helper(x, a)\n"
      "  if not isinstance(b, Tensor):\n"
      "    raise RuntimeError('never')\n"
      "  return b\n");
  CHECK(operators(faithful_trace(model, {shape({2, 2})})) == "aten::mul aten::add");
}

TEST_CASE("a condition on data has both branches, whichever the example takes") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  if bool(x.sum() > 0):\n"
      "    y = x + 1\n"
      "  else:\n"
      "    y = x - 1\n"
      "  return y.relu()\n");
  for (const auto& values : {std::vector<float>{1, 2}, std::vector<float>{-1, -2}}) {
    const Trace trace = faithful_trace(model, {floats({2}, values)});
    CHECK(operators(trace) == "aten::sum aten::gt prim::If aten::relu");
    const std::vector<trace::Region>& branches = trace.nodes.at(2).regions;
    REQUIRE(branches.size() == 2);
    CHECK(branches[0].nodes.at(0).op == "aten::add");
    CHECK(branches[1].nodes.at(0).op == "aten::sub");
  }
}

TEST_CASE("a loop on data has its body once") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  while bool(x.max() < 100):\n"
      "    x = x * 2\n"
      "  return x\n");
  const Trace trace = faithful_trace(model, {floats({2}, {1, 20})});
  CHECK(operators(trace) == "aten::max aten::lt prim::Loop");
  REQUIRE(trace.nodes.back().regions.size() == 1);
  CHECK(trace.nodes.back().regions[0].nodes.at(0).op == "aten::mul");
}

TEST_CASE("loops of many known iterations are not unrolled, short ones are") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  for i in range(300):\n"
      "    x = x * 0.5 + 1\n"
      "  for i in range(2):\n"
      "    x = x.relu()\n"
      "  return x\n");
  CHECK(operators(faithful_trace(model, {shape({2})})) == "prim::Loop aten::relu aten::relu");
  Budget budget;
  budget.unrolled = 1000;
  CHECK(any_trace(model, {shape({2})}, budget).nodes.size() == 602);
}

TEST_CASE("a condition that is computed in an odd way is reported, and the example's branch followed") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  if float(x.sum()) ** 3 > 0:\n"
      "    y = x + 1\n"
      "  else:\n"
      "    y = x - 1\n"
      "  return y.relu()\n");
  const Trace positive = any_trace(model, {floats({2}, {1, 2})});
  const Trace negative = any_trace(model, {floats({2}, {-1, -2})});
  CHECK(reasons(positive) == "data-dependent-control-flow");
  CHECK(positive.diagnostics[0].origin.user.line == 2);
  CHECK(operators(positive) == "aten::add aten::relu");
  CHECK(operators(negative) == "aten::sub aten::relu");
}

TEST_CASE("a list that a branch may have handed on is not changed unseen") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  a = [x]\n"
      "  b = [x * 2]\n"
      "  c = b\n"
      "  if bool(x.sum() > 0):\n"
      "    c = a\n"
      "  c[0] = x * 3\n"
      "  return a[0] + b[0]\n");
  CHECK(reasons(any_trace(model, {shape({2})})) == "data-dependent-control-flow");
}

TEST_CASE("an element of a list from outside is no list of the branch") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  kept = [[x], [x]]\n"
      "  y = x\n"
      "  if bool(x.sum() > 0):\n"
      "    kept[0][0] = x * 3\n"
      "    y = x * 2\n"
      "  return kept[0][0] + y\n");
  CHECK(reasons(any_trace(model, {shape({2})})) == "data-dependent-control-flow");
}

TEST_CASE("a condition on what a product or a convolution gives follows the example's values") {
  for (const char* made :
       {"torch.matmul(x, torch.ones([3, 3]))", "torch.conv2d(x[None, None], torch.ones([1, 1, 3, 3]))",
        "torch.addmm(torch.ones([3]), x, torch.ones([3, 3]))"}) {
    const Model model = model_of(std::string("def forward(self, x):\n  y = ") + made +
                                 "\n"
                                 "  if float(y.sum()) ** 3 > 0:\n"
                                 "    y = y + 1\n"
                                 "  else:\n"
                                 "    y = y - 1\n"
                                 "  return y\n");
    const std::string followed = operators(any_trace(model, {floats({3, 3}, std::vector<float>(9, 2.0f))}));
    CAPTURE(made, followed);
    CHECK(followed.find("aten::add") != std::string::npos);
    CHECK(followed.find("aten::sub") == std::string::npos);
  }
}

TEST_CASE("a loop whose condition is computed in an odd way is reported once") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  while float(x.max()) ** 2 < 10000:\n"
      "    x = x * 2\n"
      "  return x\n");
  const Trace trace = any_trace(model, {floats({2}, {1, 20})});
  CHECK(reasons(trace) == "data-dependent-control-flow");
  CHECK(operators(trace) == "aten::mul aten::mul aten::mul");
}

TEST_CASE("what the model throws is wrong usage, with its line") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  y = x + 1\n"
      "  assert y.size(0) == 2, 'two rows, please'\n"
      "  return x\n");
  const auto trace = model.trace({shape({3, 1})});
  REQUIRE_FALSE(trace);
  CHECK(trace.error().kind == ErrorKind::usage);
  CHECK(trace.error().message.find("two rows, please") != std::string::npos);
  CHECK(trace.error().message.find("line 3") != std::string::npos);
  const auto inputs = model.example_inputs({shape({3, 1})});
  const auto run = model.run({shape({3, 1})}, *inputs);
  REQUIRE_FALSE(run);
  CHECK(run.error().kind == ErrorKind::usage);
  CHECK(run.error().message.find("two rows, please") != std::string::npos);
}

TEST_CASE("an operator that throws on its inputs is wrong usage") {
  const Model model = model_of("def forward(self, x):\n  return torch.matmul(x, torch.ones([3, 3]))\n");
  const auto trace = model.trace({shape({2, 4})});
  REQUIRE_FALSE(trace);
  CHECK(trace.error().kind == ErrorKind::usage);
  CHECK(trace.error().message.find("aten::matmul") != std::string::npos);
  CHECK(trace.error().message.find('\n') == std::string::npos);
}

TEST_CASE("of LibTorch's long messages the first sentence is shown") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  y = torch.quantize_per_tensor(x, 0.5, 3, 13)\n"
      "  return torch.quantize_per_tensor(y, 0.5, 3, 13).dequantize()\n");
  const auto inputs = model.example_inputs({shape({2, 4})});
  const auto run = model.run({shape({2, 4})}, *inputs);
  REQUIRE_FALSE(run);
  CHECK(run.error().message ==
        "the model throws on these inputs: Could not run 'aten::quantize_per_tensor' with arguments from the "
        "'QuantizedCPU' backend (in aten::quantize_per_tensor, <string> line 3); give inputs of the shapes and types "
        "that it was made for");
  // Where they are short, all of them: the second may say what is wrong.
  const Model verbose = model_of("def forward(self, x):\n  assert False, 'Two rows. Got three.'\n  return x\n");
  const auto throws = verbose.run({shape({2, 4})}, *inputs);
  REQUIRE_FALSE(throws);
  CHECK(throws.error().message.find("Two rows. Got three") != std::string::npos);
}

TEST_CASE("budgets end a runaway model") {
  Budget budget;
  budget.nodes = 1000;
  const Model endless = model_of("def forward(self, x):\n  while True:\n    x = x + 1\n  return x\n");
  CHECK(reasons(any_trace(endless, {shape({1})}, budget)) == "too-large");

  budget = {};
  budget.bytes = 1 << 20;
  const Model huge = model_of("def forward(self, x):\n  return x + torch.zeros([1000, 1000, 1000])\n");
  CHECK(reasons(any_trace(huge, {shape({1})}, budget)) == "too-large");
  const Model many = model_of(
      "def forward(self, x):\n"
      "  kept: List[Tensor] = []\n"
      "  for i in range(100):\n"
      "    kept.append(x + float(i))\n"
      "  return kept[0]\n");
  CHECK(reasons(any_trace(many, {shape({100, 100})}, budget)) == "too-large");
  const Model frugal = model_of("def forward(self, x):\n  for i in range(100):\n    x = x + 1\n  return x\n");
  CHECK(reasons(any_trace(frugal, {shape({100, 100})}, budget)).empty());
}

}  // namespace passerelle::torchscript::testing
