#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, int64 = ElementType::int64, boolean = ElementType::bool8;

void require(const Shape& shape, std::initializer_list<const char*> expressions) {
  std::vector<Case> cases;
  for (const char* expression : expressions) cases.push_back({std::string("return ") + expression, {{"x", shape}}});
  require_all(cases);
}

}  // namespace

TEST_CASE("aten::index_select") {
  require({}, {"torch.index_select(x, 0, torch.tensor([0]))"});
  require({5}, {"torch.index_select(x, 0, torch.tensor([4, 0, 2, 2]))"});
  require({2, 3, 4, 5},
          {"torch.index_select(x, 1, torch.tensor([2, 0]))", "torch.index_select(x, -1, torch.tensor([4, 4, 1]))",
           "torch.index_select(x, 2, torch.tensor([3, 2, 1, 0]))"});
  require_all({{"return torch.index_select(x, 1, i)", {{"x", {2, 5, 3}}, {"i", {4}, 0, 5, int64}}},
               {"return torch.index_select(x, 1, torch.tensor([2, 0]))", {{"x", {2, 5}, -9, 9, int32}}},
               {"return torch.index_select(x, 1, torch.tensor([2, 0]))", {{"x", {2, 5}, 0, 2, boolean}}}});
}

TEST_CASE("aten::index with one tensor") {
  require({5}, {"x[torch.tensor([3, -1, 0])]", "x[torch.tensor([[3, -1], [0, 0]])]", "x[torch.tensor(2)]"});
  require({2, 3, 4, 5}, {"x[:, torch.tensor([2, 0, 1])]", "x[:, :, :, torch.tensor([0, -2])]",
                         "x.flatten(1, 2)[:, torch.tensor([[1, 2], [3, 0]])]", "x[torch.tensor([1])]",
                         "x[:, torch.tensor(1)]", "x[:, torch.tensor([True, False, True])]"});
  require_all({{"return x[i]", {{"x", {5, 3}}, {"i", {4}, 0, 5, int64}}},
               {"return x[:, i]", {{"x", {2, 5, 3}}, {"i", {4}, -5, 5, int64}}}});
  require_refused({"return x[x > 0]", {{"x", {5}}}}, "depends on the values");
}

TEST_CASE("aten::index with several tensors") {
  require({4, 5}, {"x[torch.tensor([0, 3, 1]), torch.tensor([4, 0, -1])]",
                   "x[torch.tensor([[0], [3]]), torch.tensor([1, 2, 4])]"});
  require({2, 3, 4, 5},
          {"x[:, torch.tensor([0, 2]), torch.tensor([3, 1])]", "x[:, torch.tensor([0, 2]), :, torch.tensor([3, 1])]",
           "x[:, :, torch.tensor([[0], [2]]), torch.tensor([3, 1])]",
           "x[torch.tensor([1]), torch.tensor([0, 2]), torch.tensor([3])]"});
  require_all({{"return x[self.m]", {{"x", {3, 4, 5}}}, {{"m", {3, 4}, 0, 2, boolean}}},
               {"return x[:, self.m]", {{"x", {3, 4, 5}}}, {{"m", {4, 5}, 0, 2, boolean}}}});
}

TEST_CASE("aten::gather and take") {
  std::vector<Case> cases;
  for (int64_t dimension : {0, 1, 2, -1})
    cases.push_back({"return torch.gather(x, " + std::to_string(dimension) + ", self.i)",
                     {{"x", {3, 3, 3}}},
                     {{"i", {2, 3, 2}, 0, 3, int64}}});
  cases.push_back({"return torch.gather(x, 0, self.i)", {{"x", {5}}}, {{"i", {7}, 0, 5, int64}}});
  cases.push_back({"return torch.gather(x, 0, i)", {{"x", {5}}, {"i", {7}, 0, 5, int64}}});
  cases.push_back({"return torch.gather(x, 1, i)", {{"x", {3, 4, 5}}, {"i", {3, 2, 4}, 0, 4, int64}}});
  cases.push_back({"return torch.take(x, self.i)", {{"x", {3, 4}}}, {{"i", {2, 3}, -12, 12, int64}}});
  cases.push_back({"return torch.take(x, i)", {{"x", {3, 4}}, {"i", {2, 3}, -12, 12, int64}}});
  require_all(cases);
}

TEST_CASE("aten::embedding") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, {6}, {2, 3}, {2, 3, 2}})
    cases.push_back({"return torch.embedding(self.w, i)", {{"i", shape, 0, 10, int64}}, {{"w", {10, 4}}}});
  cases.push_back({"return torch.embedding(self.w, i, 3)", {{"i", {2, 5}, 0, 10, int32}}, {{"w", {10, 4}}}});
  require_all(cases);
}

TEST_CASE("aten::flip and roll") {
  require({5}, {"torch.flip(x, [0])", "torch.roll(x, 2)", "torch.roll(x, [-1], [0])"});
  require({2, 3, 4, 5}, {"torch.flip(x, [3])", "torch.flip(x, [2, -1])", "torch.flip(x, [0, 1])", "torch.roll(x, 3)",
                         "torch.roll(x, [1, -2], [2, 3])", "torch.roll(x, [7], [1])"});
  require_all({{"return torch.flip(x, [1])", {{"x", {2, 3}, -9, 9, int32}}},
               {"return torch.flip(x, [1])", {{"x", {2, 3}, 0, 2, boolean}}}});
}

TEST_CASE("aten::one_hot") {
  require_all({{"return torch.one_hot(x, 5)", {{"x", {6}, 0, 5, int64}}},
               {"return torch.one_hot(x, 5)", {{"x", {2, 3}, 0, 5, int64}}},
               {"return torch.one_hot(x, 4)", {{"x", {}, 0, 4, int64}}}});
  require_refused({"return torch.one_hot(x)", {{"x", {6}, 0, 5, int64}}}, "depends on the values");
}

TEST_CASE("aten::topk") {
  require_all({{"return torch.topk(x, 3)", {{"x", {7}}}},
               {"return torch.topk(x, 2)", {{"x", {3, 7}}}},
               {"return torch.topk(x, 4, -1, False)", {{"x", {2, 3, 7}}}},
               {"return torch.topk(x, 3, 1)[0]", {{"x", {2, 7, 4}}}},
               {"return torch.topk(x, 3, 1)[1]", {{"x", {2, 7, 4}}}}});
}

TEST_CASE("aten::sort and argsort") {
  std::vector<Case> cases;
  for (const char* order : {"False", "True"}) {
    cases.push_back({std::string("return torch.sort(x, -1, ") + order + ")", {{"x", {3, 17}}}});
    cases.push_back({std::string("return torch.sort(x, 0, ") + order + ")[0]", {{"x", {5, 3}}}});
    cases.push_back({std::string("return torch.argsort(x, -1, ") + order + ")", {{"x", {3, 17}}}});
  }
  require_all(cases);
}

TEST_CASE("aten::rot90 and unfold") {
  require({2, 3, 4, 5}, {"torch.rot90(x, 1, [2, 3])", "torch.rot90(x, 2, [2, 3])", "torch.rot90(x, 3, [3, 2])",
                         "torch.rot90(x, -1, [2, 3])", "torch.rot90(x, 4, [0, 1])"});
  require({9}, {"x.unfold(0, 3, 2)", "x.unfold(0, 4, 1)"});
  require({2, 9, 3}, {"x.unfold(1, 3, 3)", "x.unfold(1, 5, 2)", "x.unfold(-1, 2, 1)"});
  require({2, 3, 4, 8}, {"x.unfold(-1, 4, 2)", "x.unfold(1, 2, 1)", "x.unfold(0, 2, 1)"});
}

TEST_CASE("aten::take_along_dim") {
  require_all({{"return torch.take_along_dim(x, i, 1)", {{"x", {3, 6}}, {"i", {3, 4}, 0, 6, int64}}},
               {"return torch.take_along_dim(x, self.i, 1)", {{"x", {3, 6}}}, {{"i", {1, 4}, 0, 6, int64}}},
               {"return torch.take_along_dim(x, i, 0)", {{"x", {6, 1, 2}}, {"i", {4, 3, 1}, 0, 6, int64}}},
               {"return torch.take_along_dim(x, i)", {{"x", {3, 6}}, {"i", {4}, 0, 18, int64}}}});
}

TEST_CASE("aten::median, aten::kthvalue and aten::msort") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{1}, {7}, {8}, {3, 5}, {2, 4, 3}})
    cases.push_back({"return torch.median(x)", {{"x", shape}}});
  for (const char* call :
       {"median(x, 1)", "median(x, -2, True)", "kthvalue(x, 1, 0)", "kthvalue(x, 4, 1)", "kthvalue(x, 2, -1, True)"})
    cases.push_back({std::string("return torch.") + call, {{"x", {3, 5}}}});
  cases.push_back({"return torch.median(x, 2)", {{"x", {2, 3, 6, 4}}}});
  cases.push_back({"return torch.msort(x)", {{"x", {7, 3}}}});
  require_all(cases);
}

TEST_CASE("Places of the greatest along any dimension") {
  require_all({{"return torch.topk(x, 2, 0)", {{"x", {5, 3}}}},
               {"return torch.topk(x, 3, 1, False)", {{"x", {2, 5, 3, 4}}}},
               {"return torch.sort(x, 0, True)", {{"x", {5, 3}}}}});
}

TEST_CASE("aten::bucketize, aten::searchsorted and aten::isin") {
  std::vector<Case> cases;
  for (const char* right : {"False", "True"}) {
    const std::string flags = std::string(", right=") + right + ")";
    cases.push_back(
        {"return torch.bucketize(torch.floor(x), torch.tensor([-2., 0., 1., 3.])" + flags, {{"x", {3, 9}, -4, 5}}});
    cases.push_back({"return torch.searchsorted(torch.tensor([-2., 0., 1., 3.]), x" + flags, {{"x", {9}, -4, 5}}});
  }
  cases.push_back({"return torch.isin(x, torch.tensor([1, 3, 5]))", {{"x", {3, 4}, 0, 7, int64}}});
  cases.push_back({"return torch.isin(x, torch.tensor([1, 3, 5]), invert=True)", {{"x", {3, 4}, 0, 7, int64}}});
  require_all(cases);
}

TEST_CASE("aten::fliplr and aten::flipud") {
  require_all({{"return torch.fliplr(x)", {{"x", {2, 3, 4}}}}, {"return torch.flipud(x)", {{"x", {3, 4}}}}});
}
