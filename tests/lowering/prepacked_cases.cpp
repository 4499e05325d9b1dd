// What PyTorch's optimize_for_mobile makes of layers.
#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

TEST_CASE("prepacked::conv2d_clamp_run") {
  std::vector<Case> cases;
  for (const char* bounds : {"None, None", "0.0, None", "-0.3, 0.4"}) {
    const std::string end = std::string(", ") + bounds + ")\n  return prepacked.conv2d_clamp_run(x, p)";
    cases.push_back({"p = prepacked.conv2d_clamp_prepack(self.w, self.b, [1, 2], [1, 0], [1, 1], 1" + end,
                     {{"x", {2, 3, 7, 8}}},
                     {{"w", {5, 3, 3, 2}}, {"b", {5}}}});
    cases.push_back({"p = prepacked.conv2d_clamp_prepack(self.w, None, [1, 1], [2, 2], [2, 2], 4" + end,
                     {{"x", {1, 4, 7, 8}}},
                     {{"w", {4, 1, 3, 3}}}});
  }
  require_all(cases);
}

TEST_CASE("prepacked::conv2d_transpose_clamp_run") {
  require_all(
      {{"p = prepacked.conv2d_transpose_clamp_prepack(self.w, self.b, [2, 2], [1, 0], [1, 0], [1, 1], 1, -0.3, 0.4)"
        "\n  return prepacked.conv2d_transpose_clamp_run(x, p)",
        {{"x", {1, 3, 5, 6}}},
        {{"w", {3, 4, 3, 2}}, {"b", {4}}}}});
}

TEST_CASE("prepacked::linear_clamp_run") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{2, 4}, {2, 3, 4}})
    for (const char* bounds : {"None, None", "0.0, 0.5"})
      cases.push_back({std::string("p = prepacked.linear_clamp_prepack(self.w, self.b, ") + bounds +
                           ")\n  return prepacked.linear_clamp_run(x, p)",
                       {{"x", shape}},
                       {{"w", {5, 4}}, {"b", {5}}}});
  require_all(cases);
}
