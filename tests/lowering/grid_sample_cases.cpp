#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

TEST_CASE("aten::grid_sampler at known places") {
  std::vector<Case> cases;
  for (const char* mode : {"0", "1"})
    for (const char* padding : {"0", "1", "2"})
      for (bool align_corners : {true, false})
        cases.push_back({std::string("return torch.grid_sampler(x, self.g, ") + mode + ", " + padding + ", " +
                             python(align_corners) + ")",
                         {{"x", {2, 3, 5, 6}}},
                         {{"g", {2, 4, 7, 2}, -2.3, 2.3}}});
  require_all(cases);
}

TEST_CASE("aten::grid_sampler at computed places is refused") {
  require_refused({"return torch.grid_sampler(x, g, 0, 0, False)", {{"x", {1, 3, 5, 6}}, {"g", {1, 4, 4, 2}}}},
                  "computed from the input");
}

TEST_CASE("aten::affine_grid_generator") {
  require_all({{"return torch.affine_grid_generator(t, [2, 3, 4, 5], False)", {{"t", {2, 2, 3}}}},
               {"return torch.affine_grid_generator(t, [1, 3, 1, 5], True)", {{"t", {1, 2, 3}}}}});
}
