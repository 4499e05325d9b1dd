// float16: LibTorch computes in float32 and rounds each result, and so do converted models, bit for bit.
#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType half = ElementType::float16;

/// Exactly LibTorch's numbers.
Case exact(const std::string& body, std::vector<Tensor> inputs, std::vector<Tensor> attributes = {}) {
  return {body, std::move(inputs), std::move(attributes), 0};
}

}  // namespace

TEST_CASE("Arithmetic of float16") {
  std::vector<Case> cases;
  for (const char* expression : {"x + y", "x - y", "x * y", "x / y", "torch.maximum(x, y)", "x + 0.1", "x * 0.1",
                                 "x / 0.3", "1.7 - x", "x + self.c", "self.c * x", "-x", "torch.abs(x)",
                                 "torch.where(x > y, x, y)", "torch.square(x)", "torch.reciprocal(y)", "x + 70000"})
    cases.push_back(exact(std::string("return ") + expression,
                          {{"x", {2, 3, 4}, -9, 9, half}, {"y", {3, 1}, 1, 2, half}}, {{"c", {4}, -1, 1, half}}));
  cases.push_back(exact("return x * 0.1 + y * 1.3", {{"x", {2, 3, 4, 5}, -900, 900, half}, {"y", {5}, 1, 2, half}}));
  cases.push_back(exact("return x > 0.1, x == y", {{"x", {40}, 0, 1, half}, {"y", {40}, 0, 1, half}}));
  require_all(cases);
}

TEST_CASE("Casts from and to float16") {
  require_all(
      {exact("return x.float()", {{"x", {2, 3}, -9, 9, half}}), exact("return x.half()", {{"x", {2, 3}, -9, 9}}),
       exact("return x.half().float() * 3.0", {{"x", {2, 3}, -9, 9}}),
       exact("return x.half()", {{"x", {2, 3}, -3000, 3000, ElementType::int32}}),
       exact("return x.int(), x > 0", {{"x", {2, 3}, -9, 9, half}}),
       exact("return torch.tanh(x.float()).half()", {{"x", {2, 3}, 1, 1, half}}),
       exact("return x.half()", {{"x", {2, 40}, -1e5, 1e5}}), exact("return x.half()", {{"x", {2, 40}, -1e-6, 1e-6}})});
}

TEST_CASE("float16 numbers are moved as they are") {
  std::vector<Case> cases;
  for (const char* expression :
       {"x", "x, x", "x.permute(0, 2, 3, 1)", "x[:, 1:3]", "torch.cat([x, x], 1)", "x.flatten(1)", "torch.amax(x, 1)",
        "torch.argmax(x, 1)", "x.flip([3])", "x.expand([2, 2, 4, 5, 3])", "self.c", "torch.cat([x, self.c], 0)"})
    cases.push_back(exact(std::string("return ") + expression, {{"x", {2, 4, 5, 3}, -9, 9, half}},
                          {{"c", {1, 4, 5, 3}, -9, 9, half}}));
  require_all(cases);
}

TEST_CASE("What float16 becomes") {
  using Names = std::vector<std::string>;
  CHECK(operations_of({"return x[:, 1:3]", {{"x", {2, 4}, 0, 1, half}}}, 3, false) == Names{"CAST", "SLICE", "CAST"});
  CHECK(operations_of({"return x + 1", {{"x", {2, 4}, 0, 1, half}}}, 3, false) == Names{"CAST", "ADD", "CAST"});
}
