// float16: LibTorch computes in float32 and rounds each result, and so do converted models, bit for bit. Where it lacks
// kernels, where sums of products are rounded, and in bfloat16, both compute in float32.
#include <cmath>

#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType half = ElementType::float16, bfloat = ElementType::bfloat16;

/// Exactly LibTorch's numbers.
Case exact(const std::string& body, std::vector<Tensor> inputs, std::vector<Tensor> attributes = {}) {
  return {body, std::move(inputs), std::move(attributes), 0};
}

/// Of outputs that are rounded to 16 bits: a neighbour where the float32 number is next to a tie. `bits` are those of
/// their mantissas, and no number is more than the range away from 0.
double neighbour(int bits) { return std::ldexp(1.0, 1 - bits); }

/// The body on inputs of each type, with attributes of `type`: as a model that was saved in it is called.
std::vector<Case> called_with_each(ElementType type, const std::string& body, std::vector<Tensor> inputs,
                                   std::vector<Tensor> attributes) {
  for (Tensor& attribute : attributes) attribute.type = type;
  std::vector<Case> cases;
  for (ElementType given : {half, bfloat, ElementType::float32}) {
    for (Tensor& input : inputs) input.type = given;
    const int bits = given == half ? 11 : 8;
    cases.push_back({body, inputs, attributes, given == ElementType::float32 ? 2e-6 : neighbour(bits)});
  }
  return cases;
}

void require_each_type(const std::string& body, const std::vector<Tensor>& inputs,
                       const std::vector<Tensor>& attributes) {
  for (ElementType type : {half, bfloat}) require_all(called_with_each(type, body, inputs, attributes));
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

TEST_CASE("Layers of float16 and bfloat16, on inputs of any type") {
  const std::vector<Tensor> linear{{"w", {5, 4}}, {"b", {5}}};
  require_each_type("return torch.linear(x, self.w, self.b)", {{"x", {3, 4}}}, linear);
  require_each_type("return torch.softmax(torch.relu(torch.linear(x, self.w, self.b)), -1)", {{"x", {3, 4}}}, linear);
  require_each_type("return torch.layer_norm(x, [4], self.g, self.h)", {{"x", {3, 4}}}, {{"g", {4}}, {"h", {4}}});
  require_each_type(
      "y = torch.conv2d(x, self.w, self.b, [1, 1], [1, 1])\n"
      "  y = torch.batch_norm(y, self.g, self.b, self.b, self.v, False, 0.1, 1e-5, False)\n"
      "  return torch.adaptive_avg_pool2d(torch.hardswish(y), [1, 1])",
      {{"x", {1, 3, 6, 6}}}, {{"w", {4, 3, 3, 3}}, {"b", {4}}, {"g", {4}, 0.5, 1}, {"v", {4}, 0.5, 1}});
}

TEST_CASE("Products of float16 and bfloat16 without weights") {
  std::vector<Case> cases;
  for (ElementType type : {half, bfloat})
    for (const char* body :
         {"return torch.matmul(x, x.transpose(1, 2))", "return torch.bmm(x, x.transpose(1, 2)) * 0.1",
          "return torch.softmax(torch.matmul(x, x.transpose(-1, -2)) / 2., -1)",
          "y = x.clone()\n  y[:, 1:] += torch.matmul(x, x.transpose(1, 2))[:, 1:, :4]\n  return y"})
      cases.push_back({body, {{"x", {2, 5, 4}, -1, 1, type}}, {}, neighbour(type == half ? 11 : 8)});
  require_all(cases);
}

TEST_CASE("What autocast writes into a model") {
  const std::vector<Tensor> weights{{"w", {4, 3, 3, 3}}, {"b", {4}}};
  std::vector<Case> cases;
  for (const char* number : {"5", "15"}) {
    const std::string type = number;
    cases.push_back({"y = torch.conv2d(x.to(" + type + "), self.w.to(" + type + "), self.b.to(" + type +
                         "))\n  return torch.softmax(y.to(6), 1)",
                     {{"x", {1, 3, 6, 6}}},
                     weights});
    cases.push_back({"y = torch.conv2d(x.to(" + type + "), self.w.to(" + type + "), self.b.to(" + type +
                         "))\n  return y.to(6).sum([2, 3]), torch.sum(y, [2, 3], dtype=6)",
                     {{"x", {1, 3, 6, 6}}},
                     weights});
  }
  require_all(cases);
}

TEST_CASE("What is returned in 16 bits though it is a constant or an input") {
  require_all({{"return x, self.c, torch.linear(x, self.w)",
                {{"x", {3, 4}, -1, 1, bfloat}},
                {{"c", {2}, -1, 1, bfloat}, {"w", {5, 4}, -1, 1, bfloat}},
                neighbour(8)},
               {"return torch.zeros_like(x) + self.c, x.float()",
                {{"x", {3, 4}, -1, 1, bfloat}},
                {{"c", {4}, -1, 1, bfloat}},
                neighbour(8)}});
}

TEST_CASE("What layers of float16 become") {
  using Names = std::vector<std::string>;
  const Case layer{"return torch.linear(x, self.w).relu()", {{"x", {2, 4}, 0, 1, half}}, {{"w", {3, 4}, -1, 1, half}}};
  CHECK(operations_of(layer, 3, false) == Names{"CAST", "FULLY_CONNECTED", "CAST"});
  Case wide = layer;
  wide.inputs[0].type = ElementType::float32;
  CHECK(operations_of(wide, 1, false) == Names{"FULLY_CONNECTED"});
}

TEST_CASE("Devices of the machine that saved a model are the CPU") {
  require_all({{"d = torch.device('cuda:0')\n  return x.to(d) + torch.zeros([3], dtype=6, device=d)", {{"x", {3}}}},
               {"return (x.cuda() + 1).to(torch.device('cuda:' + str(1)))", {{"x", {3}}}},
               {"return x.to(torch.device('mps')) * 2", {{"x", {3}}}}});
}
