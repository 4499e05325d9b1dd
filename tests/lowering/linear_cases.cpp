#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

TEST_CASE("aten::linear") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{5}, {3, 5}, {1, 5}, {2, 3, 5}, {2, 3, 4, 5}})
    for (const char* bias : {"self.bias", "None", "self.single"})
      cases.push_back({"return torch.linear(x, self.weight, " + std::string(bias) + ")",
                       {{"x", shape}},
                       {{"weight", {4, 5}}, {"bias", {4}}, {"single", {1}}}});
  cases.push_back({"return torch.linear(x, w, b)", {{"x", {3, 5}}, {"w", {4, 5}}, {"b", {4}}}});
  require_all(cases);
}

TEST_CASE("aten::addmm") {
  std::vector<Case> cases;
  for (const Shape& self : {Shape{4}, {3, 4}, {1, 4}, {1}, {3, 1}})
    for (const char* factors : {"", ", beta=2.0", ", alpha=0.5", ", beta=0.5, alpha=3.0", ", beta=0.0"}) {
      const std::string arguments = ", x, self.weight" + std::string(factors) + ")";
      const std::vector<Tensor> attributes{{"weight", {5, 4}}, {"bias", self}};
      cases.push_back({"return torch.addmm(self.bias" + arguments, {{"x", {3, 5}}}, attributes});
      cases.push_back({"return torch.addmm(b" + arguments, {{"x", {3, 5}}, {"b", self}}, attributes});
    }
  cases.push_back(
      {"return torch.addmm(self.bias, x, y, beta=2.0, alpha=0.5)", {{"x", {3, 5}}, {"y", {5, 4}}}, {{"bias", {4}}}});
  require_all(cases);
}

TEST_CASE("aten::matmul with a constant") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{5}, {3, 5}, {2, 3, 5}, {2, 3, 4, 5}})
    for (const Shape& constant : {Shape{5}, {5, 4}, {1, 5, 4}, {2, 3, 5, 4}}) {
      // Batches that can't be broadcast.
      if (shape.size() == 3 && constant.size() == 4) continue;
      cases.push_back({"return torch.matmul(x, self.c)", {{"x", shape}}, {{"c", constant}}});
    }
  cases.push_back({"return torch.matmul(x, self.c)", {{"x", {3, 4, 5}}}, {{"c", {2, 3, 5, 4}}}});
  for (const Shape& shape : {Shape{5}, {5, 3}, {2, 5, 3}, {2, 3, 5, 4}})
    for (const Shape& constant : {Shape{5}, {4, 5}, {1, 4, 5}})
      cases.push_back({"return torch.matmul(self.c, x)", {{"x", shape}}, {{"c", constant}}});
  require_all(cases);
}

TEST_CASE("aten::matmul of two computed tensors") {
  std::vector<Case> cases;
  for (const Shape& a : {Shape{5}, {3, 5}, {2, 3, 5}, {1, 3, 5}, {2, 3, 4, 5}, {2, 1, 4, 5}})
    for (const Shape& b : {Shape{5}, {5, 4}, {2, 5, 4}, {2, 3, 5, 4}, {3, 5, 4}}) {
      // Batches that can't be broadcast.
      if (a.size() == 3 && a[0] == 2 && b.size() == 3 && b[0] == 3) continue;
      if (a.size() == 3 && a[0] == 2 && b.size() == 4) continue;
      if (a.size() == 4 && a[1] == 3 && b.size() == 3 && b[0] == 2) continue;
      cases.push_back({"return torch.matmul(x, y)", {{"x", a}, {"y", b}}});
    }
  require_all(cases);
}

TEST_CASE("aten::mm, aten::bmm, aten::mv, aten::dot, aten::baddbmm and aten::addmv") {
  require_all(
      {{"return torch.mm(x, self.c)", {{"x", {3, 5}}}, {{"c", {5, 4}}}},
       {"return torch.mm(self.c, x)", {{"x", {5, 3}}}, {{"c", {4, 5}}}},
       {"return torch.mm(x, y)", {{"x", {3, 5}}, {"y", {5, 2}}}},
       {"return torch.mv(x, self.c)", {{"x", {3, 5}}}, {{"c", {5}}}},
       {"return torch.mv(x, y)", {{"x", {3, 5}}, {"y", {5}}}},
       {"return torch.dot(x, self.c)", {{"x", {5}}}, {{"c", {5}}}},
       {"return torch.bmm(x, y)", {{"x", {2, 3, 5}}, {"y", {2, 5, 4}}}},
       {"return torch.bmm(x, self.c)", {{"x", {2, 3, 5}}}, {{"c", {2, 5, 4}}}},
       {"return torch.baddbmm(b, x, y, beta=0.5, alpha=2.0)", {{"x", {2, 3, 5}}, {"y", {2, 5, 4}}, {"b", {1, 4}}}},
       {"return torch.addmv(self.b, x, self.c)", {{"x", {3, 5}}}, {{"c", {5}}, {"b", {3}}}}});
}

TEST_CASE("A linear layer is one operation") {
  CHECK(operations_of(
            {"return torch.linear(x, self.weight, self.bias)", {{"x", {3, 5}}}, {{"weight", {4, 5}}, {"bias", {4}}}}, 3,
            false) == std::vector<std::string>{"FULLY_CONNECTED"});
}
