#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

struct Range {
  double low, high;
  double tolerance = 2e-6;  ///< greater where the function's values lie close to one another, far from 0
};

void require_function(const std::string& name, std::initializer_list<Range> ranges) {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, {5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}})
    cases.push_back({"return torch." + name + "(x)", {{"x", shape, ranges.begin()->low, ranges.begin()->high}}});
  for (const Range& range : ranges)
    cases.push_back({"return torch." + name + "(x)", {{"x", {8, 64}, range.low, range.high}}, {}, range.tolerance});
  require_all(cases);
}

}  // namespace

TEST_CASE("aten::asin, aten::acos and aten::atan") {
  require_function("asin", {{-1, 1}, {-1e-3, 1e-3}, {0.99, 1, 1e-5}, {-1, -0.9999, 1e-4}, {0.9, 1.2, 1e-5}});
  require_function("acos", {{-1, 1}, {-1e-3, 1e-3, 1e-3}, {0.99, 1}, {-1, -0.9999, 1e-4}, {0.9, 1.2}});
  require_function("atan", {{-3, 3}, {-1e-3, 1e-3}, {-1e30, 1e30}, {0, 1e-30}, {0.99, 1.01, 1e-4}});
  require_all({{"return torch.atan(x)", {{"x", {7}, -3, 4, ElementType::int32}}},
               {"return torch.asin(torch.stack([x, -x, x * 0]))", {{"x", {2}, 1, 1}}},
               {"return torch.atan(x / 0)", {{"x", {6}}}}});
}

TEST_CASE("aten::atan2 and aten::hypot") {
  for (const char* name : {"atan2", "hypot"}) {
    const std::string body = std::string("return torch.") + name + "(x, y)";
    require_all({{body, {{"x", {7, 33}}, {"y", {7, 33}}}},
                 {body, {{"x", {3, 1, 4}, -9, 9}, {"y", {2, 1}, -1e-3, 1e-3}}},
                 {body, {{"x", {200}, -1e30, 1e30}, {"y", {200}, -1e30, 1e30}}},
                 {body, {{"x", {64}, -1e-30, 1e-30}, {"y", {64}, -1e-30, 1e-30}}},
                 // The axes, and the origin.
                 {"x = torch.floor(x)\n  y = torch.floor(y)\n  " + body, {{"x", {60}, 0, 2}, {"y", {60}, 0, 3}}},
                 {"x = torch.floor(x)\n  y = torch.floor(y) + 0.0\n  " + body, {{"x", {60}, 0, 3}, {"y", {60}, -2, 2}}},
                 {"y = self.y\n  " + body, {{"x", {2, 3, 4, 5}}}, {{"y", {5}}}}});
  }
}

TEST_CASE("aten::sinh, aten::cosh and their inverses") {
  require_function("sinh", {{-3, 3}, {-1e-3, 1e-3}, {-88, 88}});
  require_function("cosh", {{-3, 3}, {-0.1, 0.1, 1e-4}, {-88, 88}});
  require_function("asinh", {{-3, 3}, {-1e-3, 1e-3}, {-1e30, 1e30}});
  require_function("acosh", {{1, 3}, {1, 1.001}, {1, 1e30}, {0.5, 1}});
  require_function("atanh", {{-1, 1}, {-1e-3, 1e-3}, {0.999, 1}, {1, 1.5}});
}

TEST_CASE("aten::deg2rad and aten::rad2deg") {
  require_function("deg2rad", {{-360, 360}});
  require_function("rad2deg", {{-4, 4}});
  require_all({{"return torch.deg2rad(x)", {{"x", {7}, -360, 360, ElementType::int32}}}});
}
