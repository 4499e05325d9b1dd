#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, boolean = ElementType::bool8;

Case padded(const Shape& shape, const std::string& arguments) {
  return {"return torch.pad(x, " + arguments + ")", {{"x", shape}}};
}

}  // namespace

TEST_CASE("aten::constant_pad_nd") {
  std::vector<Case> cases;
  for (const char* value : {"0", "1.5", "-float('inf')"})
    for (const auto& [shape, pad] : std::vector<std::pair<Shape, Shape>>{{{5}, {1, 2}},
                                                                         {{2, 3}, {0, 1}},
                                                                         {{2, 3}, {1, 0, 2, 1}},
                                                                         {{2, 3, 4}, {1, 1, 0, 2}},
                                                                         {{2, 3, 4, 5}, {1, 2}},
                                                                         {{2, 3, 4, 5}, {1, 2, 3, 0}},
                                                                         {{2, 3, 4, 5}, {0, 0, 0, 0, 1, 2}},
                                                                         {{1, 3, 4, 5}, {0, 1, 1, 0, 0, 1, 1, 0}},
                                                                         {{2, 3, 4, 5}, {-1, 2, 1, -2}},
                                                                         {{2, 3, 4, 5}, {-1, -1, -1, -1}},
                                                                         {{2, 3, 4, 5}, {0, 0, 0, 0}},
                                                                         {{2, 3, 4, 5}, {0, 0, 0, 0, -1, 1}}})
      cases.push_back({"return torch.constant_pad_nd(x, " + list(pad) + ", " + value + ")", {{"x", shape}}});
  require_all(cases);
}

TEST_CASE("aten::pad with a constant") {
  require_all({padded({2, 3, 4, 5}, "[1, 1]"), padded({2, 3, 4, 5}, "[1, 1, 2, 2], 'constant', 0.5"),
               padded({2, 3, 4}, "[-1, 1], 'constant'"), padded({4}, "[2, 1]")});
}

TEST_CASE("Borders of the tensor's own elements") {
  std::vector<Case> cases;
  for (const char* mode : {"'reflect'", "'replicate'", "'circular'"})
    for (const auto& [shape, pad] : std::vector<std::pair<Shape, Shape>>{{{2, 5}, {1, 2}},
                                                                         {{2, 3, 5}, {2, 1}},
                                                                         {{2, 3, 5}, {0, 4}},
                                                                         {{3, 4, 5}, {1, 2, 2, 1}},
                                                                         {{2, 3, 4, 5}, {1, 1, 1, 1}},
                                                                         {{1, 3, 4, 5}, {2, 0, 3, 1}},
                                                                         {{2, 3, 4, 5}, {0, 0, 1, 0}},
                                                                         {{2, 3, 4, 5}, {0, 0, 0, 0}}}) {
      const bool circular = std::string(mode) == "'circular'";
      // PyTorch wraps around only tensors that have a batch and channels.
      if (circular && shape.size() != pad.size() / 2 + 2) continue;
      cases.push_back(padded(shape, list(pad) + ", " + mode));
    }
  require_all(cases);
}

TEST_CASE("aten::reflection_pad and replication_pad") {
  require_all({{"return torch.reflection_pad1d(x, [1, 2])", {{"x", {2, 3, 5}}}},
               {"return torch.reflection_pad1d(x, [3, 0])", {{"x", {3, 5}}}},
               {"return torch.reflection_pad2d(x, [1, 2, 3, 0])", {{"x", {2, 3, 4, 5}}}},
               {"return torch.reflection_pad2d(x, [1, 1, 1, 1])", {{"x", {3, 4, 5}}}},
               {"return torch.reflection_pad2d(x, [-1, 2, 1, -1])", {{"x", {2, 3, 4, 5}}}},
               {"return torch.replication_pad1d(x, [1, 2])", {{"x", {2, 3, 5}}}},
               {"return torch.replication_pad2d(x, [5, 2, 6, 0])", {{"x", {2, 3, 4, 5}}}},
               {"return torch.replication_pad2d(x, [-1, 2, 1, -1])", {{"x", {2, 3, 4, 5}}}},
               {"return torch.conv2d(torch.reflection_pad2d(x, [1, 1, 1, 1]), self.w)",
                {{"x", {2, 3, 4, 5}}},
                {{"w", {4, 3, 3, 3}}}}});
}

TEST_CASE("Padding of integers and bools") {
  require_all({{"return torch.constant_pad_nd(x, [1, 2, 0, 1], 7)", {{"x", {2, 3, 4}, -9, 9, int32}}},
               {"return torch.constant_pad_nd(x, [-1, 2], 0)", {{"x", {2, 3}, -9, 9, ElementType::int64}}},
               {"return torch.constant_pad_nd(x, [1, 2], 1)", {{"x", {2, 3}, 0, 2, boolean}}}});
}

TEST_CASE("Fill values of integers") {
  require_refused({"return torch.constant_pad_nd(x, [1, 1], 3000000000)", {{"x", {3}, 0, 9, ElementType::int64}}},
                  "does not fit");
  require_all({{"return torch.constant_pad_nd(x, [1, 1], -2000000000)", {{"x", {3}, 0, 9, ElementType::int64}}}});
}
