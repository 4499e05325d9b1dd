#include <algorithm>

#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, boolean = ElementType::bool8, float32 = ElementType::float32;

const std::vector<Shape> shapes = {{6}, {6, 4}, {2, 6, 4}, {2, 6, 4, 8}};

/// The expression, with % for the dimension, along each dimension of 4 or more elements, counted from either end.
std::vector<Case> along_dimensions(const std::string& expression, const std::vector<Shape>& of = shapes,
                                   ElementType type = float32) {
  std::vector<Case> cases;
  for (const Shape& shape : of) {
    const auto rank = static_cast<int64_t>(shape.size());
    for (int64_t dimension = -rank; dimension < rank; ++dimension) {
      if (shape[static_cast<size_t>((dimension + rank) % rank)] < 4) continue;
      std::string body = "return " + expression;
      body.replace(body.find('%'), 1, std::to_string(dimension));
      cases.push_back({body, {{"x", shape, type == boolean ? 0.0 : -9.0, type == boolean ? 2.0 : 9.0, type}}});
    }
  }
  return cases;
}

}  // namespace

TEST_CASE("aten::cat") {
  std::vector<Case> cases;
  for (const Shape& shape : shapes) {
    const auto rank = static_cast<int64_t>(shape.size());
    for (int64_t dimension = -rank; dimension < rank; ++dimension) {
      Shape other = shape;
      other[static_cast<size_t>((dimension + rank) % rank)] = 3;
      const std::string at = std::to_string(dimension);
      cases.push_back({"return torch.cat([x, y], " + at + ")", {{"x", shape}, {"y", other}}});
      cases.push_back(
          {"return torch.concat([x, self.c, y, x], " + at + ")", {{"x", shape}, {"y", other}}, {{"c", other}}});
    }
  }
  cases.push_back({"return torch.cat([x], 0)", {{"x", {2, 3}}}});
  cases.push_back({"return torch.cat([x, torch.relu(x), x * 2], 1)", {{"x", {2, 3, 4, 5}}}});
  cases.push_back({"return torch.cat([torch.zeros([0]), x, x], 1)", {{"x", {2, 3}}}});
  cases.push_back({"return torch.cat([x, y], 0)", {{"x", {2, 3}, -9, 9, int32}, {"y", {1, 3}}}});
  require_all(cases);
}

TEST_CASE("aten::cat of integers and bools") {
  std::vector<Case> cases = {
      {"return torch.cat([x, y, x], 1)", {{"x", {2, 3}, -9, 9, int32}, {"y", {2, 1}, -9, 9, int32}}},
      {"return torch.cat([x, self.y], 0)",
       {{"x", {2, 3}, -9, 9, ElementType::int64}},
       {{"y", {2, 3}, -9, 9, ElementType::int64}}},
      {"return torch.cat([x, y], 1)", {{"x", {2, 3}, 0, 2, boolean}, {"y", {2, 4}, 0, 2, boolean}}},
      {"return torch.stack([x, x], 0)", {{"x", {2, 3}, -9, 9, int32}}}};
  require_all(cases);
}

TEST_CASE("aten::stack") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, {4}, {2, 3}, {2, 3, 4}})
    for (auto dimension = -static_cast<int64_t>(shape.size()) - 1; dimension <= static_cast<int64_t>(shape.size());
         ++dimension)
      cases.push_back(
          {"return torch.stack([x, y, x], " + std::to_string(dimension) + ")", {{"x", shape}, {"y", shape}}});
  require_all(cases);
}

TEST_CASE("aten::split, chunk and their kin") {
  for (const char* expression :
       {"torch.split(x, 2, %)", "torch.split(x, 3, %)", "torch.split(x, [1, 2, x.size(%) - 3], %)",
        "torch.chunk(x, 2, %)", "torch.chunk(x, 3, %)", "torch.tensor_split(x, 3, %)",
        "torch.tensor_split(x, [1, 3], %)", "torch.unbind(x, %)", "torch.split_with_sizes(x, [2, x.size(%) - 2], %)",
        "torch.unsafe_chunk(x, 2, %)"}) {
    std::vector<Case> cases = along_dimensions(expression, {{6}, {6, 4}, {2, 6, 4}, {2, 6, 4, 8}});
    for (Case& test : cases) {
      // The dimension stands twice in some.
      const size_t second = test.body.find('%');
      if (second == std::string::npos) continue;
      const size_t from = test.body.find("size(") + 5;
      test.body.replace(second, 1, test.body.substr(from, test.body.find(')', from) - from));
    }
    require_all(some_of(cases, 10));
  }
  require_all({{"a, b = torch.chunk(x, 2, 1)\n  return a * torch.sigmoid(b)", {{"x", {2, 6, 4, 5}}}},
               {"return torch.chunk(x, 4, 1)[2]", {{"x", {2, 8, 4, 5}}}},
               {"return torch.split(x, 6, 1)", {{"x", {2, 6, 4, 5}}}},
               {"return torch.split(x, 2, 1)", {{"x", {2, 6}, -9, 9, int32}}},
               {"return torch.split(x, 2, 1)", {{"x", {2, 6}, 0, 2, boolean}}},
               {"return torch.unbind(x, 1)", {{"x", {2, 3}, 0, 2, boolean}}}});
}

TEST_CASE("aten::slice") {
  for (const char* bounds : {"1, 3, 1", "0, 9223372036854775807, 2", "1, 4, 2", "-3, -1, 1", "-100, 100, 1",
                             "2, 9223372036854775807, 3", "None, None, 1", "0, 1, 1", "3, 4, 5"})
    require_all(some_of(along_dimensions(std::string("torch.slice(x, %, ") + bounds + ")"), 10));
  require_all({{"return x[:, 1:3]", {{"x", {2, 6, 4, 8}}}},
               {"return x[..., ::2, 1::2]", {{"x", {2, 6, 4, 8}}}},
               {"return x[:, :, 1:-1, 2:-2]", {{"x", {2, 6, 4, 8}}}},
               {"return x[1:, None, 0]", {{"x", {3, 4}}}},
               {"return x[:, ::2]", {{"x", {3, 4}, -9, 9, int32}}},
               {"return x[:, 1:]", {{"x", {3, 4}, -9, 9, int32}}},
               {"return x[:, ::2]", {{"x", {3, 4}, 0, 2, boolean}}}});
  require_refused({"return x[:, 3:1]", {{"x", {3, 4}}}}, "empty tensor");
}

TEST_CASE("Space to depth by slices, as in YOLOv5's focus") {
  require_all({{"return torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)",
                {{"x", {1, 3, 8, 8}}}}});
}

TEST_CASE("aten::select and narrow") {
  for (const char* expression : {"torch.select(x, %, 0)", "torch.select(x, %, 2)", "torch.select(x, %, -1)",
                                 "torch.narrow(x, %, 1, 3)", "torch.narrow(x, %, -3, 2)"})
    require_all(some_of(along_dimensions(expression), 12));
  Case integers{"return x[:, 1]", {{"x", {3, 4}, -9, 9, int32}}};
  integers.lowest_level = 4;
  require_all({integers, {"return x[:, 1]", {{"x", {3, 4}, 0, 2, boolean}}}});
}

TEST_CASE("Stacks and splits by name") {
  std::vector<Case> cases;
  for (const char* name : {"hstack", "vstack", "dstack", "column_stack", "row_stack"}) {
    const std::string body = std::string("return torch.") + name + "([x, y, self.z])";
    cases.push_back({body, {{"x", {3}}, {"y", {3}}}, {{"z", {3}}}});
    cases.push_back({body, {{"x", {2, 3}}, {"y", {2, 3}}}, {{"z", {2, 3}}}});
  }
  for (const char* name : {"hsplit", "vsplit", "dsplit"})
    for (const char* parts : {"2", "[1, 3]"})
      cases.push_back({std::string("return torch.") + name + "(x, " + parts + ")", {{"x", {4, 4, 4}}}});
  require_all(cases);
}
