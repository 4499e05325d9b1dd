#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, int64 = ElementType::int64, boolean = ElementType::bool8,
                      float32 = ElementType::float32;

struct Pair {
  Shape a, b;
};
const std::vector<Pair> pairs = {{{}, {}},
                                 {{4}, {}},
                                 {{3, 1}, {4}},
                                 {{2, 3, 4}, {3, 1}},
                                 {{2, 3, 4, 5}, {}},
                                 {{2, 3, 4, 5}, {3, 1, 1}},
                                 {{5}, {2, 3, 4, 5}},
                                 {{2, 3, 4, 5}, {2, 3, 4, 5}}};

/// Small whole numbers, so that many are equal.
std::vector<Case> cases_of(const std::string& expression, ElementType a, ElementType b) {
  std::vector<Case> cases;
  auto tensor = [](const char* name, const Shape& shape, ElementType type) {
    return Tensor{name, shape, type == boolean ? 0.0 : -2.0, 2.0, type};
  };
  for (const Pair& pair : pairs) {
    const std::string rounded = a == float32 ? "x = torch.floor(x)\n  " : "";
    cases.push_back({rounded + "return " + expression, {tensor("x", pair.a, a), tensor("y", pair.b, b)}});
    cases.push_back(
        {rounded + "y = self.y\n  return " + expression, {tensor("x", pair.a, a)}, {tensor("y", pair.b, b)}});
  }
  return cases;
}

}  // namespace

TEST_CASE("Comparisons of tensors") {
  for (const std::string name : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    const std::string expression = "torch." + name + "(x, y)";
    require_all(cases_of(expression, float32, float32));
    require_all(some_of(cases_of(expression, int32, int32), 6));
    require_all(some_of(cases_of(expression, int64, float32), 6));
    require_all(some_of(cases_of(expression, boolean, int32), 6));
  }
  for (const std::string name : {"eq", "ne"}) require_all(cases_of("torch." + name + "(x, y)", boolean, boolean));
}

TEST_CASE("Comparisons with Python numbers") {
  std::vector<Case> cases;
  for (const char* operation : {"==", "!=", "<", "<=", ">", ">="}) {
    cases.push_back({std::string("return torch.floor(x) ") + operation + " 1", {{"x", {2, 3, 4, 5}, -3, 3}}});
    cases.push_back({std::string("return x ") + operation + " 0.25", {{"x", {7}}}});
    cases.push_back({std::string("return x ") + operation + " 1", {{"x", {7}, -2, 3, int32}}});
    cases.push_back({std::string("return x ") + operation + " 0.5", {{"x", {7}, -2, 3, int64}}});
    cases.push_back({std::string("return 1 ") + operation + " x", {{"x", {}, -2, 3, int64}}});
  }
  require_all(cases);
}

TEST_CASE("Logic") {
  for (const std::string name : {"logical_and", "logical_or", "logical_xor"}) {
    require_all(cases_of("torch." + name + "(x, y)", boolean, boolean));
    require_all(some_of(cases_of("torch." + name + "(x, y)", float32, int32), 4));
  }
  for (const std::string name : {"bitwise_and", "bitwise_or", "bitwise_xor", "__and__", "__or__", "__xor__"})
    require_all(some_of(cases_of("torch." + name + "(x, y)", boolean, boolean), 4));
  require_all({{"return torch.logical_not(x)", {{"x", {2, 3}, 0, 2, boolean}}},
               {"return torch.bitwise_not(x)", {{"x", {2, 3, 4, 5}, 0, 2, boolean}}},
               {"return torch.logical_not(torch.floor(x))", {{"x", {2, 3, 4, 5}}}},
               {"return torch.logical_not(x)", {{"x", {2, 3}, 0, 3, int32}}}});
  require_refused({"return torch.bitwise_and(x, x)", {{"x", {4}, 0, 9, int32}}}, "bits of integers");
}

TEST_CASE("aten::where") {
  std::vector<Case> cases;
  for (const Shape& condition : {Shape{}, {5}, {4, 1}, {3, 1, 1}, {2, 3, 4, 5}})
    for (const Shape& other : {Shape{}, {3, 1, 5}, {2, 3, 4, 5}}) {
      cases.push_back(
          {"return torch.where(c, x, y)", {{"c", condition, 0, 2, boolean}, {"x", {2, 3, 4, 5}}, {"y", other}}});
      cases.push_back(
          {"return torch.where(c, self.y, x)", {{"c", condition, 0, 2, boolean}, {"x", {2, 3, 4, 5}}}, {{"y", other}}});
      cases.push_back(
          {"return torch.where(self.c, x, y)", {{"x", {2, 3, 4, 5}}, {"y", other}}, {{"c", condition, 0, 2, boolean}}});
    }
  cases.push_back({"return torch.where(x > 0, x, 0.5)", {{"x", {2, 3, 4, 5}}}});
  cases.push_back({"return torch.where(x > 0, -1.0, x)", {{"x", {64, 64}}}});
  cases.push_back({"return torch.where(x > 0, 1, 2)", {{"x", {7}}}});
  cases.push_back({"return torch.where(x > y, x, y)", {{"x", {7}, -5, 5, int32}, {"y", {3, 1}, -5, 5, int32}}});
  cases.push_back({"return torch.where(x > 0, x, y)", {{"x", {7}, -5, 5, int32}, {"y", {3, 1}}}});
  cases.push_back({"return torch.where(c, x, y)",
                   {{"c", {3, 1}, 0, 2, boolean}, {"x", {4}, 0, 2, boolean}, {"y", {}, 0, 2, boolean}}});
  require_all(cases);
  require_refused({"return torch.where(x > 0)", {{"x", {4}}}}, "depends on the values");
}

TEST_CASE("aten::masked_fill") {
  require_all({{"return torch.masked_fill(x, x > 0, 0.5)", {{"x", {2, 3, 4, 5}}}},
               {"return torch.masked_fill(x, m, -float('inf'))", {{"x", {2, 3, 4, 5}}, {"m", {4, 1}, 0, 2, boolean}}},
               {"return torch.masked_fill(x, self.m, -1e9)", {{"x", {2, 3, 4}}}, {{"m", {3, 4}, 0, 2, boolean}}},
               {"return torch.softmax(torch.masked_fill(x, self.m, -float('inf')), -1, None)",
                {{"x", {2, 4, 6}}},
                {{"m", {4, 1}, 0, 2, boolean}}},
               {"return torch.masked_fill(x, x > 3, 7)", {{"x", {2, 3}, 0, 9, int32}}},
               {"return torch.masked_fill(x, m, self.v)", {{"x", {2, 3}}, {"m", {3}, 0, 2, boolean}}, {{"v", {}}}}});
}

TEST_CASE("aten::nan_to_num and isnan") {
  const std::string odd = "(x * 0.0 + torch.tensor([float('nan'), float('inf'), -float('inf'), 1.5, -2.0]))";
  require_all({{"return torch.nan_to_num(x)", {{"x", {2, 3, 4, 5}}}},
               {"return torch.nan_to_num" + odd, {{"x", {5}}}},
               {"y = " + odd + "\n  return torch.nan_to_num(y, 1.0, 2.0, -3.0)", {{"x", {5}}}},
               {"y = " + odd + "\n  return torch.isnan(y)", {{"x", {5}}}}});
}

TEST_CASE("Conversions of element types") {
  struct Type {
    ElementType type;
    const char* name;
  };
  std::vector<Case> cases;
  for (const Type& from : {Type{float32, ""}, {int32, ""}, {int64, ""}, {boolean, ""}})
    for (const Type& to : {Type{float32, "6"}, {int32, "3"}, {int64, "4"}, {boolean, "11"}})
      for (const Shape& shape : {Shape{}, {7}, {2, 3, 4, 5}}) {
        const double low = from.type == boolean ? 0.0 : -3.0;
        cases.push_back({std::string("return x.to(") + to.name + ")",
                         {{"x", shape, low, from.type == boolean ? 2.0 : 3.0, from.type}}});
      }
  cases.push_back({"return x.float() / 255", {{"x", {2, 3, 4, 5}, 0, 255, ElementType::uint8}}});
  cases.push_back({"return x.type_as(y) + y", {{"x", {4}, -5, 5, int32}, {"y", {4}}}});
  cases.push_back({"return x.to(y)", {{"x", {4}, -5, 5, int32}, {"y", {4}}}});
  require_all(cases);
  require_refused({"return x.to(0)", {{"x", {4}, 0, 9}}}, "narrows");
}

TEST_CASE("Operators that do nothing") {
  std::vector<Case> cases;
  for (const char* expression : {"x.clone()", "x.contiguous()", "x.detach()", "torch.dropout(x, 0.5, False)",
                                 "torch.feature_dropout(x, 0.5, False)", "torch.alpha_dropout(x, 0.5, False)"})
    for (const Shape& shape : {Shape{}, {7}, {2, 3, 4, 5}})
      cases.push_back({std::string("return ") + expression + " + 1", {{"x", shape}}});
  require_all(cases);
}

TEST_CASE("aten::isinf and aten::isfinite") {
  for (const char* name : {"isinf", "isfinite", "isnan"})
    require_all({{std::string("return torch.") + name + "(torch.log(torch.floor(x)))", {{"x", {40}, -1, 3}}},
                 {std::string("return torch.") + name + "(x)", {{"x", {4}, -1, 3, int32}}}});
}
