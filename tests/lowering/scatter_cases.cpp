#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, int64 = ElementType::int64, boolean = ElementType::bool8;

/// Statements that write to y, a copy of x.
Case writing(const std::string& statements, const Shape& shape, std::vector<Tensor> others = {}) {
  others.insert(others.begin(), {"x", shape});
  return {"y = x * 1.0\n  " + statements + "\n  return y", others};
}

}  // namespace

TEST_CASE("aten::slice_scatter and select_scatter") {
  std::vector<Case> cases;
  const std::vector<Tensor> whole{{"x", {4, 6, 3}}, {"y", {4, 2, 3}}};
  for (const char* arguments :
       {"1, 0, 2, 1", "1, 2, 4, 1", "1, 4, 9223372036854775807, 1", "1, -3, -1, 1", "1, 0, 4, 2", "1, 1, 6, 3"})
    cases.push_back({std::string("return torch.slice_scatter(x, y, ") + arguments + ")", whole});
  cases.push_back({"return torch.slice_scatter(x, y, 0, 0, 4, 1)", {{"x", {4, 3}}, {"y", {4, 3}}}});
  for (const char* arguments : {"1, 0", "1, -1", "-1, 2", "0, 3"})
    cases.push_back(
        {std::string("return torch.select_scatter(x, torch.select(x * 2, ") + arguments + "), " + arguments + ")",
         {{"x", {4, 6, 3}}}});
  cases.push_back({"return torch.slice_scatter(x, y, 2, 1, 3, 1)", {{"x", {2, 3, 4, 5}}, {"y", {2, 3, 2, 5}}}});
  require_all(cases);
}

TEST_CASE("Writes through views") {
  require_all({writing("y[:, 0] = 1.5", {4, 6}), writing("y[1:3] = 0.0", {4, 6}), writing("y[:, ::2] *= 2.0", {4, 6}),
               writing("y[:, :, 1:3, 2:4] += 1.0", {2, 3, 4, 5}), writing("y[:, 1] = z", {2, 3, 4, 5}, {{"z", {4, 5}}}),
               writing("y[0, 1:] = z", {3, 4}, {{"z", {3}}}), writing("y[:, 0].relu_()", {4, 6}),
               writing("y.view([24])[3:7].mul_(2.0)", {4, 6}), writing("y.t()[0].fill_(3.0)", {4, 6}),
               writing("y.zero_()", {4}), writing("y.fill_(2.5)", {2, 3})});
}

TEST_CASE("aten::index_put") {
  require_all(
      {writing("y[torch.tensor([0, 2])] = 1.5", {4, 6}),
       writing("y[:, torch.tensor([5, -2])] = z", {4, 6}, {{"z", {4, 2}}}),
       writing("y[torch.tensor([0, 2]), torch.tensor([1, 3])] = z", {4, 6}, {{"z", {2}}}),
       writing("y[:, torch.tensor([0, 2]), torch.tensor([3, 1])] = z", {2, 3, 4, 5}, {{"z", {5}}}),
       writing("y[torch.tensor([1, 0]), :, torch.tensor([3, 1])] = z", {2, 3, 4}, {{"z", {2, 3}}}),
       {"return torch.index_put(x, [self.m], y)", {{"x", {3, 4}}, {"y", {}}}, {{"m", {3, 4}, 0, 2, boolean}}},
       {"return torch.index_put(x, [self.m], y)", {{"x", {3, 4, 5}}, {"y", {5}}}, {{"m", {3, 4}, 0, 2, boolean}}}});
  require_refused({"return torch.index_put(x, [i], y, True)", {{"x", {4}}, {"i", {2}, 0, 4, int64}, {"y", {2}}}},
                  "adds up");
}

TEST_CASE("aten::index_put by a computed mask") {
  require_all({writing("y[x > 0] = 0.25", {4, 6}), writing("y[x < 0] = 0.0", {2, 3, 4, 5}),
               writing("y[m] = 2.0", {3, 4, 5}, {{"m", {3}, 0, 2, boolean}}),
               writing("y[m] = -1.0", {3, 4, 5, 2}, {{"m", {3, 4}, 0, 2, boolean}})});
}

TEST_CASE("aten::index_fill and index_copy") {
  require_all({{"return torch.index_fill(x, 1, torch.tensor([0, 2]), 1.5)", {{"x", {3, 4}}}},
               {"return torch.index_fill(x, 1, torch.tensor([1, 2]), 1.5)", {{"x", {2, 3, 4, 5}}}},
               {"return torch.index_fill(x, 0, torch.tensor([-1]), y)", {{"x", {3, 4}}, {"y", {}}}},
               writing("y.index_copy_(1, torch.tensor([3, 0]), z)", {3, 4}, {{"z", {3, 2}}})});
}

TEST_CASE("Writes of integers and bools") {
  Case integers{"y = x.clone()\n  y[:, 0] = 7\n  return y", {{"x", {3, 4}, -9, 9, int32}}};
  Case mask{"y = x > 0\n  y[0] = True\n  return y", {{"x", {3, 4}}}};
  require_all(
      {integers,
       mask,
       {"return torch.slice_scatter(x, y, 1, 1, 3, 1)", {{"x", {3, 4}, -9, 9, int32}, {"y", {3, 2}, -9, 9, int32}}}});
}

TEST_CASE("aten::tril and triu") {
  std::vector<Case> cases;
  for (const char* name : {"tril", "triu"})
    for (const char* diagonal : {"0", "1", "-2"})
      for (const Shape& shape : {Shape{4, 4}, {3, 5}, {2, 3, 4, 5}})
        cases.push_back({std::string("return torch.") + name + "(x, " + diagonal + ")", {{"x", shape}}});
  require_all(cases);
}

TEST_CASE("aten::scatter to known and to computed places") {
  const Tensor places{"i", {3, 4}, 0, 6, int64};
  std::vector<Case> cases;
  for (const char* call : {"scatter(x, 1, i, y)", "scatter(x, 1, i, 2.5)", "scatter_add(x, -1, i, y)",
                           "scatter(x, 1, i, y, reduce='multiply')", "scatter_reduce(x, 1, i, y, 'amax')",
                           "scatter_reduce(x, 1, i, y, 'amin')", "scatter_reduce(x, 1, i, y, 'prod')",
                           "scatter_reduce(x, 1, i, y, 'sum')"}) {
    const std::string name = call;
    // Of several elements for one place PyTorch keeps any.
    const bool replaces = name == "scatter(x, 1, i, y)";
    const std::string known = replaces ? "torch.tensor([[3, 0, 5, 1], [0, 1, 2, 3], [5, 4, 3, 2]])" : "self.i";
    const std::string computed = replaces ? "torch.argsort(torch.sin(y), 1)" : "i";
    const std::vector<Tensor> inputs{{"x", {3, 6}}, {"y", {3, 4}}};
    cases.push_back({"i = " + known + "\n  return torch." + name, inputs, {places}});
    cases.push_back({"i = " + computed + "\n  return torch." + name, inputs});
    if (!replaces) cases.back().inputs.push_back(places);
  }
  cases.push_back(
      {"return torch.scatter(x, 0, self.i, y)", {{"x", {6, 5}}, {"y", {3, 4}}}, {{"i", {1, 4}, 0, 6, int64}}});
  cases.push_back(
      {"return torch.scatter_add(x, 0, i, y)", {{"x", {6, 4, 2}}, {"y", {3, 4, 2}}, {"i", {3, 4, 2}, 0, 6, int64}}});
  require_all(cases);
  require_refused({"return torch.scatter_add(x, 1, i, y)", {{"x", {4, 6}}, {"y", {3, 4}}, places}}, "a part");
}

TEST_CASE("aten::index_add, aten::index_copy and aten::index_fill") {
  const Tensor places{"i", {3}, 0, 6, int64};
  require_all({{"return torch.index_add(x, 0, self.i, y)", {{"x", {6, 4}}, {"y", {3, 4}}}, {places}},
               {"return torch.index_add(x, 1, i, y, alpha=2)", {{"x", {2, 6}}, {"y", {2, 3}}, places}},
               {"return torch.index_copy(x, 0, torch.tensor([4, 0, 1]), y)", {{"x", {6, 4}}, {"y", {3, 4}}}},
               {"return torch.index_fill(x, 1, i, 2.5)", {{"x", {2, 6, 3}}, {"i", {3}, -6, 6, int64}}},
               {"return torch.index_fill(x, 0, self.i, 2.5)", {{"x", {6, 3}}}, {places}}});
}

TEST_CASE("aten::masked_scatter") {
  require_all(
      {{"return torch.masked_scatter(x, self.m, y)", {{"x", {3, 4}}, {"y", {12}}}, {{"m", {3, 4}, 0, 2, boolean}}},
       {"return torch.masked_scatter(x, self.m, y)", {{"x", {3, 4}}, {"y", {3, 4}}}, {{"m", {4}, 0, 2, boolean}}}});
}
