// Where operators come from.
#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

const graph::Origin& origin_of(const Trace& trace, const std::string& op) {
  for (const Node& node : trace.nodes)
    if (node.op == op) return trace.origins[node.origin];
  FAIL("no " << op);
  return trace.origins[0];
}

}  // namespace

TEST_CASE("lines and module paths of submodules") {
  const Model model = model_of(
      "def forward(self, x):\n"
      "  y = self.features.block.forward(x)\n"
      "  return y + 1\n",
      [](torch::jit::Module& root) {
        torch::jit::Module features("Features"), block("Block");
        block.register_parameter("w", at::ones({3}), false);
        block.define("def forward(self, x):\n\n\n  return x * self.w\n");
        features.register_module("block", block);
        root.register_module("features", features);
      });
  const Trace trace = faithful_trace(model, {shape({2, 3})});
  const graph::Origin& mul = origin_of(trace, "aten::mul");
  CHECK(mul.op == "aten::mul");
  CHECK(mul.module_path == "features.block");
  CHECK(mul.user.line == 4);
  CHECK(mul.innermost.line == 4);
  const graph::Origin& add = origin_of(trace, "aten::add");
  CHECK(add.module_path.empty());
  CHECK(add.user.line == 3);
}

TEST_CASE("the shared models name their user's lines", "[shared]") {
  const std::string shared = shared_folder();
  if (shared.empty()) SKIP(no_shared_models);
  const Expected<Model> scripted = Model::load(shared + "/models/upscaler_x2/model.scripted.pt");
  REQUIRE(scripted);
  const Trace trace = any_trace(*scripted, {shape({1, 3, 64, 64})});
  for (const Node& node : trace.nodes) {
    const graph::Origin& origin = trace.origins[node.origin];
    INFO(node.op << " " << origin.module_path << " " << origin.user.file << ":" << origin.user.line);
    CHECK(origin.user.line > 0);
    CHECK(origin.user.file.find("torch/nn") == std::string::npos);
  }
  CHECK_FALSE(origin_of(trace, "aten::conv2d").module_path.empty());
}

}  // namespace passerelle::torchscript::testing
