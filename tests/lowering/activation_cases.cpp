#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

const std::vector<Shape> shapes = {{}, {5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}};

struct Range {
  double low, high;
};

/// The expression for tensors of each rank, and for numbers from each range.
std::vector<Case> cases_of(const std::string& expression, const std::vector<Range>& ranges = {{-3, 3}, {-100, 100}}) {
  std::vector<Case> cases;
  for (const Shape& shape : shapes)
    cases.push_back({"return " + expression, {{"x", shape, ranges.front().low, ranges.front().high}}});
  for (const Range& range : ranges) cases.push_back({"return " + expression, {{"x", {4, 64}, range.low, range.high}}});
  return cases;
}

void require(const std::vector<std::string>& expressions, const std::vector<Range>& ranges = {{-3, 3}, {-100, 100}}) {
  for (const std::string& expression : expressions) require_all(cases_of(expression, ranges));
}

}  // namespace

TEST_CASE("aten::relu and its clamped kin") {
  require({"torch.relu(x)", "torch.relu6(x)", "torch.hardtanh(x)", "torch.hardtanh(x, 0, 6)",
           "torch.hardtanh(x, -2, 3)", "torch.hardtanh(x, 0.25, 0.5)"});
}

TEST_CASE("aten::relu of integers") {
  require_all({{"return torch.relu(x)", {{"x", {3, 4}, -9, 9, ElementType::int32}}},
               {"return torch.clamp(x, -3, 5)", {{"x", {3, 4}, -9, 9, ElementType::int64}}},
               {"return torch.clamp(x, -2.5, 2.5)", {{"x", {3, 4}, -9, 9, ElementType::int32}}}});
}

TEST_CASE("aten::clamp") {
  require({"torch.clamp(x, -1, 1)", "torch.clamp(x, 0, 6)", "torch.clamp(x, min=0)", "torch.clamp(x, max=0)",
           "torch.clamp(x, min=-0.5)", "torch.clamp(x, max=2.5)", "torch.clamp(x, 2, -2)", "torch.clip(x, -3, 0.1)",
           "torch.clamp_min(x, 0)", "torch.clamp_min(x, -1.5)", "torch.clamp_max(x, 1.5)"});
}

TEST_CASE("aten::clamp by tensors") {
  const std::vector<Tensor> images{{"x", {2, 3, 4, 5}, -3, 3}};
  require_all({{"return torch.clamp(x, self.low, self.high)", images, {{"low", {3, 1, 1}, -2, 0}, {"high", {5}, 0, 2}}},
               {"return torch.clamp(x, min=self.low)", images, {{"low", {2, 3, 4, 5}}}},
               {"return torch.clamp(x, max=self.high)", images, {{"high", {}}}},
               {"return torch.clamp_min(x, self.low)", images, {{"low", {4, 1}}}},
               {"return torch.clamp_max(x, y)", {{"x", {2, 3, 4, 5}}, {"y", {3, 1, 5}}}}});
}

TEST_CASE("aten::threshold") {
  require({"torch.threshold(x, 0, 0)", "torch.threshold(x, 0.5, 0.5)", "torch.threshold(x, 1.5, -7)",
           "torch.threshold(x, -1, 20)"});
}

TEST_CASE("aten::leaky_relu and aten::rrelu") {
  require({"torch.leaky_relu(x)", "torch.leaky_relu(x, 0.3)", "torch.leaky_relu(x, 1.5)", "torch.leaky_relu(x, -0.5)",
           "torch.rrelu(x)", "torch.rrelu(x, 0.1, 0.5)"});
}

TEST_CASE("aten::prelu") {
  std::vector<Case> cases;
  for (const Shape& shape : shapes)
    cases.push_back({"return torch.prelu(x, self.weight)", {{"x", shape}}, {{"weight", {1}}}});
  for (const Shape& shape : {Shape{2, 3}, {2, 3, 4}, {1, 3, 6, 7}, {2, 3, 2, 3}})
    cases.push_back({"return torch.prelu(x, self.weight)", {{"x", shape}}, {{"weight", {3}}}});
  require_all(cases);
}

TEST_CASE("Exponential linear units") {
  require({"torch.elu(x)", "torch.elu(x, 0.5)", "torch.elu(x, 2, 3)", "torch.elu(x, 1.5, 2, 0.25)", "torch.selu(x)",
           "torch.celu(x)", "torch.celu(x, 0.3)", "torch.celu(x, 2)"});
}

TEST_CASE("Sigmoids") {
  require({"torch.sigmoid(x)", "torch.special_expit(x)", "torch.tanh(x)", "torch.hardsigmoid(x)", "torch.hardswish(x)",
           "torch.silu(x)", "torch.log_sigmoid(x)", "x / (torch.abs(x) + 1)", "x - torch.tanh(x)"});
}

TEST_CASE("aten::gelu") {
  require({"torch.gelu(x)", "torch.gelu(x, approximate='tanh')"},
          {{-3, 3}, {-100, 100}, {-1e20, 1e20}, {4, 6}, {-0.01, 0.01}});
  // To within a millionth, whatever the range is.
  Case tail{"return torch.gelu(x)", {{"x", {4096}, -7, 7}}};
  tail.tolerance = 1e-7;
  require_all({tail});
}

TEST_CASE("aten::mish") { require({"torch.mish(x)"}, {{-3, 3}, {-100, 100}, {-20, -15}, {1e10, 1e20}}); }

TEST_CASE("aten::softplus") {
  // Where the results are small they are as accurate as elsewhere.
  require({"torch.softplus(x)", "torch.softplus(x, 2)", "torch.softplus(x, 0.5, 10)", "torch.softplus(x, 1, 1)"},
          {{-3, 3}, {-100, 100}, {-20, -15}, {-8, -4}, {-1e20, 1e20}});
  require({"torch.log_sigmoid(x)"}, {{15, 20}, {4, 8}, {-1e20, 1e20}});
}

TEST_CASE("Shrinkage") {
  require({"torch.hardshrink(x)", "torch.hardshrink(x, 2)", "torch.softshrink(x)", "torch.softshrink(x, 2)"});
}

TEST_CASE("aten::glu") {
  require_all({{"return torch.glu(x)", {{"x", {6}}}},
               {"return torch.glu(x, 0)", {{"x", {4, 3}}}},
               {"return torch.glu(x, 1)", {{"x", {2, 4, 5}}}},
               {"return torch.glu(x, 1)", {{"x", {2, 4, 5, 3}}}},
               {"return torch.glu(x, -1)", {{"x", {2, 3, 5, 4}}}}});
}

TEST_CASE("aten::softmax and aten::log_softmax") {
  std::vector<Case> cases;
  for (const std::string name : {"softmax", "log_softmax"}) {
    for (const Shape& shape : shapes) {
      const auto rank = static_cast<int64_t>(shape.size());
      for (int64_t dimension = -std::max<int64_t>(rank, 1); dimension < std::max<int64_t>(rank, 1); ++dimension)
        cases.push_back(
            {"return torch." + name + "(x, " + std::to_string(dimension) + ", None)", {{"x", shape, -5, 5}}});
    }
    cases.push_back({"return torch." + name + "(x, -1, None)", {{"x", {3, 7}, -1000, 1000}}});
    cases.push_back({"return torch." + name + "(-x, 1, None)", {{"x", {3, 7}, -5, 5}}});
    cases.push_back({"return torch." + name + "(x, 1, 6)", {{"x", {3, 7}, -5, 5, ElementType::int32}}});
  }
  require_all(cases);
}

TEST_CASE("Activations at the ends of the number line") {
  // The input is added as 0 times itself, so that nothing is known at conversion.
  std::vector<Case> cases;
  for (const std::string name : {"relu", "relu6", "sigmoid", "tanh", "softplus", "log_sigmoid", "hardtanh", "elu"})
    cases.push_back({"return torch." + name +
                         "(x * 0.0 + torch.tensor([-float('inf'), -3e38, -1e-38, 0.0, 1e-38, 3e38, float('inf')]))",
                     {{"x", {7}}}});
  require_all(cases);
}

TEST_CASE("aten::_safe_softmax and aten::_prelu_kernel") {
  std::vector<Case> cases;
  for (const char* dim : {"0", "1", "-1"}) {
    cases.push_back({"return torch._safe_softmax(x, " + std::string(dim) + ")", {{"x", {2, 3, 4}}}});
    // Rows of minus infinities give zeros.
    cases.push_back(
        {"return torch._safe_softmax(torch.log(torch.relu(x)), " + std::string(dim) + ")", {{"x", {3, 4}, -3, 1}}});
  }
  cases.push_back({"return torch._prelu_kernel(x, self.w)", {{"x", {2, 3, 4, 5}}}, {{"w", {1, 3, 1, 1}}}});
  cases.push_back({"return torch._prelu_kernel(x, self.w)", {{"x", {2, 3}}}, {{"w", {1, 3}}}});
  cases.push_back({"return torch._prelu_kernel(x, self.w)", {{"x", {2, 3}}}, {{"w", {1}}}});
  require_all(cases);
}
