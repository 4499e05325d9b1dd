#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32;

/// Of two inputs, and of an input and a constant, either way round.
void require_products(const std::string& expression, const std::vector<std::pair<Shape, Shape>>& shapes) {
  std::vector<Case> all;
  for (const auto& [a, b] : shapes) {
    all.push_back({"return " + expression, {{"x", a}, {"y", b}}});
    all.push_back({"y = self.y\n  return " + expression, {{"x", a}}, {{"y", b}}});
    all.push_back({"x = self.x\n  return " + expression, {{"y", b}}, {{"x", a}}});
  }
  require_all(all);
}

}  // namespace

TEST_CASE("aten::outer, aten::ger, aten::addr and aten::vdot") {
  require_products("torch.outer(x, y)", {{{4}, {5}}, {{1}, {3}}});
  require_products("torch.ger(x, y)", {{{4}, {5}}});
  require_products("torch.vdot(x, y)", {{{4}, {4}}});
  require_all({{"return torch.outer(x, y)", {{"x", {4}}, {"y", {3}, -9, 9, int32}}},
               {"return torch.addr(m, x, y)", {{"m", {4, 5}}, {"x", {4}}, {"y", {5}}}},
               {"return torch.addr(m, x, y, beta=0.5, alpha=-2)", {{"m", {5}}, {"x", {4}}, {"y", {5}}}},
               {"return torch.addr(self.m, x, y, beta=0)", {{"x", {4}}, {"y", {5}}}, {{"m", {4, 5}}}}});
}

TEST_CASE("aten::inner, aten::tensordot and aten::addbmm") {
  require_products("torch.inner(x, y)", {{{4}, {4}}, {{3, 4}, {4}}, {{2, 3, 4}, {5, 4}}, {{}, {3}}});
  require_products("torch.tensordot(x, y, [1, 2], [0, 1])", {{{2, 3, 4}, {3, 4, 5}}});
  require_products("torch.tensordot(x, y, [-1, 0], [1, -2])", {{{4, 3, 2}, {5, 2, 4, 3}}});
  require_products("torch.tensordot(x, y, [0, 1], [1, 0])", {{{3, 4}, {4, 3}}});
  require_all({{"return torch.addbmm(m, x, y, beta=0.5, alpha=2)", {{"m", {3, 5}}, {"x", {2, 3, 4}}, {"y", {2, 4, 5}}}},
               {"return torch.addbmm(self.m, x, self.y)", {{"x", {2, 3, 4}}}, {{"m", {5}}, {"y", {2, 4, 5}}}}});
}

TEST_CASE("aten::kron, aten::cross and aten::trace") {
  require_products("torch.kron(x, y)", {{{2, 3}, {4, 2}}, {{3}, {2, 2}}, {{2, 1, 2}, {2}}});
  require_products("torch.cross(x, y, 1)", {{{2, 3}, {2, 3}}, {{2, 3, 4, 5}, {2, 3, 4, 5}}});
  require_products("torch.cross(x, y)", {{{2, 4, 3}, {2, 4, 3}}});
  require_products("torch.linalg_cross(x, y)", {{{2, 4, 3}, {1, 4, 3}}});
  require_all({{"return torch.trace(x)", {{"x", {3, 5}}}}, {"return torch.trace(x)", {{"x", {5, 2}}}}});
}

TEST_CASE("aten::chain_matmul, aten::linalg_multi_dot and aten::matrix_power") {
  require_all({{"return torch.chain_matmul([x, y, self.z])", {{"x", {2, 3}}, {"y", {3, 4}}}, {{"z", {4, 2}}}},
               {"return torch.linalg_multi_dot([x, self.z, y])", {{"x", {3}}, {"y", {4}}}, {{"z", {3, 4}}}},
               {"return torch.matrix_power(x, 0) + x", {{"x", {2, 3, 3}}}},
               {"return torch.matrix_power(x, 1)", {{"x", {3, 3}}}},
               {"return torch.linalg_matrix_power(x, 5)", {{"x", {2, 3, 3}}}}});
  require_refused({"return torch.matrix_power(x, -1)", {{"x", {3, 3}}}}, "inverts");
}

TEST_CASE("aten::bilinear") {
  require_all(
      {{"return torch.bilinear(x, y, self.w, self.b)", {{"x", {2, 3}}, {"y", {2, 4}}}, {{"w", {5, 3, 4}}, {"b", {5}}}},
       {"return torch.bilinear(x, y, self.w)", {{"x", {2, 6, 3}}, {"y", {2, 6, 4}}}, {{"w", {5, 3, 4}}}}});
}

TEST_CASE("aten::pairwise_distance, aten::dist and aten::cdist") {
  std::vector<Case> cases;
  for (const char* p : {"2.0", "1.0", "0.0", "3.5", "float('inf')"})
    for (const char* name : {"pairwise_distance", "dist", "cdist"})
      cases.push_back({std::string("return torch.") + name + "(x, y, " + p + ")", {{"x", {6, 4}}, {"y", {6, 4}}}});
  cases.push_back({"return torch.pairwise_distance(x, self.y, keepdim=True)", {{"x", {2, 3, 4}}}, {{"y", {3, 4}}}});
  cases.push_back({"return torch.cdist(x, self.y)", {{"x", {2, 3, 4}}}, {{"y", {5, 4}}}});
  cases.push_back({"return torch.cdist(x, y)", {{"x", {2, 3, 3, 4}}, {"y", {2, 1, 5, 4}}}});
  require_all(cases);
}

TEST_CASE("aten::mse_loss, aten::l1_loss, aten::smooth_l1_loss and aten::huber_loss") {
  std::vector<Case> cases;
  for (const char* reduction : {"0", "1", "2"}) {
    for (const char* name : {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})
      cases.push_back(
          {std::string("return torch.") + name + "(x, y, " + reduction + ")", {{"x", {3, 4}, -3, 3}, {"y", {3, 4}}}});
    for (const char* name : {"smooth_l1_loss", "huber_loss"})
      cases.push_back({std::string("return torch.") + name + "(x, y, " + reduction + ", 0.3)",
                       {{"x", {3, 4}, -3, 3}, {"y", {3, 4}}}});
  }
  require_all(cases);
}
