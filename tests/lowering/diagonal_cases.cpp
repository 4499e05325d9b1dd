#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, boolean = ElementType::bool8;

}  // namespace

TEST_CASE("aten::diag, aten::diagonal and aten::diag_embed") {
  std::vector<Case> cases;
  for (const char* offset : {"0", "1", "-2"}) {
    const auto add = [&](const std::string& call, const Shape& shape) {
      cases.push_back({"return torch." + call, {{"x", shape}}});
    };
    const std::string first = std::string("(x, ") + offset;
    for (const Shape& shape : {Shape{4}, {4, 4}, {3, 5}, {5, 4}}) add("diag" + first + ")", shape);
    add("diagonal" + first + ")", {4, 5});
    add("diagonal" + first + ", -1, 0)", {4, 2, 5});
    add("diagonal" + first + ", 1, 2)", {2, 4, 5, 3});
    add("diag_embed" + first + ")", {2, 3});
    add("diag_embed" + first + ", 0, 2)", {2, 3});
    add("diag_embed" + first + ", 2, 0)", {2, 3});
    add("diagflat" + first + ")", {2, 2});
  }
  cases.push_back({"return torch.diag(x)", {{"x", {4}, 0, 2, boolean}}});
  require_all(cases);
}

TEST_CASE("aten::block_diag") {
  require_all({{"return torch.block_diag([x, y, self.z])", {{"x", {2, 3}}, {"y", {2}}}, {{"z", {1, 2}}}}});
}

TEST_CASE("aten::meshgrid, aten::cartesian_prod and aten::broadcast_tensors") {
  require_all({{"return torch.meshgrid([x, y])", {{"x", {3}}, {"y", {2}}}},
               {"return torch.meshgrid([x, y, self.z], indexing='xy')", {{"x", {3}}, {"y", {2}}}, {{"z", {4}}}},
               {"return torch.meshgrid([x, y], indexing='ij')", {{"x", {3}, -9, 9, int32}, {"y", {2}, -9, 9, int32}}},
               {"return torch.meshgrid([x])", {{"x", {3}}}},
               {"return torch.cartesian_prod([x, y])", {{"x", {3}}, {"y", {2}}}},
               {"return torch.cartesian_prod([x, y, self.z])", {{"x", {3}}, {"y", {2}}}, {{"z", {2}}}},
               {"return torch.broadcast_tensors([x, y])", {{"x", {3, 1}}, {"y", {2, 1, 4}}}}});
}
