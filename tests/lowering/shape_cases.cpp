#include <algorithm>

#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, boolean = ElementType::bool8;

void require(const Shape& shape, std::initializer_list<const char*> expressions) {
  std::vector<Case> cases;
  for (const char* expression : expressions) cases.push_back({std::string("return ") + expression, {{"x", shape}}});
  require_all(cases);
}

/// All orders of the dimensions of a rank.
std::vector<Shape> permutations(int64_t rank) {
  Shape order;
  for (int64_t i = 0; i < rank; ++i) order.push_back(i);
  std::vector<Shape> all;
  do all.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  return all;
}

}  // namespace

TEST_CASE("aten::view, reshape and their kin") {
  require({}, {"x.view([1])", "x.reshape([1, 1, 1])", "x.flatten()", "x.unsqueeze(0)", "x.squeeze()"});
  require({12}, {"x.view([3, 4])", "x.view([-1, 2])", "x.reshape([1, 2, 3, 2])", "x.flatten()", "x.unsqueeze(-1)"});
  require({1}, {"x.squeeze()", "x.squeeze(0)", "x.view([])"});
  require({2, 6},
          {"x.view([12])", "x.reshape([2, 2, 3])", "x.reshape([4, -1])", "torch.ravel(x)", "x.unflatten(1, [2, 3])"});
  require({2, 3, 4}, {"x.flatten(1)", "x.flatten(0, 1)", "x.view([6, 4])", "x.unsqueeze(1)", "x.reshape([2, 12])"});
  require({1, 8, 1, 1}, {"x.squeeze()", "x.squeeze(2)", "x.squeeze(1)", "x.flatten(1)", "x.view([1, 8])",
                         "x.squeeze(3).squeeze(2)", "x.view([1, 2, 4, 1])", "x.view([8, 1, 1, 1])"});
  require({2, 6, 4, 5}, {"x.flatten(1)", "x.flatten(2)", "x.view([2, 120])", "x.view([2, 6, 20])",
                         "x.view([2, 3, 2, 20])", "x.view([12, 4, 5])", "x.reshape([2, 6, 5, 4])", "x.flatten(0, 1)",
                         "x.reshape([1, 12, 4, 5])", "x.view([2, 6, 4, 5])", "x.reshape([-1])", "x.flatten(1, 2)"});
}

TEST_CASE("Reshapes as another tensor") {
  std::vector<Case> cases;
  for (const char* expression : {"x.view_as(y)", "x.reshape_as(y)"})
    cases.push_back({std::string("return ") + expression + " + y", {{"x", {2, 3, 4}}, {"y", {4, 6}}}});
  require_all(cases);
}

TEST_CASE("Reshapes of a convolution's result keep PyTorch's order") {
  std::vector<Case> cases;
  for (const char* tail :
       {"y.flatten(1)", "y.view([2, 3, 2, 20])", "y.view([2, 120])", "y.permute([0, 2, 3, 1]).reshape([2, -1, 6])",
        "y.view([2, 2, 3, 4, 5]).transpose(1, 2).reshape([2, 6, 4, 5])", "y.mean([2, 3]).view([2, 6])",
        "y.flatten(2).transpose(1, 2)", "y.view([1, 2, 6, 20]).permute([0, 2, 1, 3])"})
    cases.push_back(
        {std::string("y = torch.conv2d(x, self.w)\n  return ") + tail, {{"x", {2, 3, 4, 5}}}, {{"w", {6, 3, 1, 1}}}});
  require_all(cases);
}

TEST_CASE("aten::permute") {
  std::vector<Case> cases;
  const Shape sizes{2, 3, 4, 5};
  for (int64_t rank = 1; rank <= 4; ++rank)
    for (const Shape& order : permutations(rank))
      cases.push_back({"return x.permute(" + list(order) + ")", {{"x", Shape(sizes.begin(), sizes.begin() + rank)}}});
  cases.push_back({"return x.permute([0, -1, 1, -2])", {{"x", sizes}}});
  require_all(cases);
}

TEST_CASE("aten::transpose and its kin") {
  require({}, {"x.t()", "x.transpose(0, -1)"});
  require({5}, {"x.t()", "x.transpose(0, 0)", "torch.numpy_T(x)"});
  require({2, 3}, {"x.t()", "x.transpose(0, 1)", "x.transpose(-1, -2)", "torch.swapaxes(x, 0, 1)", "torch.numpy_T(x)"});
  require({2, 3, 4}, {"x.transpose(1, 2)", "torch.swapdims(x, 0, -1)", "torch.movedim(x, 0, 2)", "torch.numpy_T(x)",
                      "torch.mT(x)"});
  require({2, 3, 4, 5}, {"x.transpose(1, 3)", "x.transpose(-1, -2)", "torch.movedim(x, 1, -1)", "torch.mT(x)",
                         "torch.movedim(x, [0, 1], [2, 0])", "torch.moveaxis(x, -1, 1)", "torch.numpy_T(x)"});
}

TEST_CASE("aten::expand") {
  require({}, {"x.expand([3])", "x.expand([2, 3])"});
  require({1}, {"x.expand([4])", "x.expand([2, -1])"});
  require({3, 1}, {"x.expand([3, 4])", "x.expand([2, 3, 4])", "torch.broadcast_to(x, [2, 3, 5])", "x.expand([-1, 4])"});
  require({1, 3, 1, 1}, {"x.expand([2, 3, 4, 5])", "x.expand([2, -1, -1, 5])", "x.expand([1, 3, 1, 1])"});
  require_all({{"return x.expand_as(y) * y", {{"x", {3, 1, 1}}, {"y", {2, 3, 4, 5}}}},
               {"return self.c.expand([4, 3]) + x", {{"x", {4, 3}}}, {{"c", {3}}}}});
}

TEST_CASE("aten::repeat and tile") {
  require({}, {"x.repeat([3])", "x.repeat([2, 2])"});
  require({3}, {"x.repeat([2])", "x.repeat([2, 3])", "torch.tile(x, [2])", "torch.tile(x, [2, 1])"});
  require({2, 3}, {"x.repeat([1, 2])", "x.repeat([2, 1, 3])", "torch.tile(x, [2])"});
  require({1, 3, 2, 2},
          {"x.repeat([2, 1, 1, 1])", "x.repeat([1, 2, 3, 2])", "torch.tile(x, [2, 2])", "x.repeat([1, 1, 1, 1])"});
}

TEST_CASE("aten::repeat_interleave") {
  require({4}, {"torch.repeat_interleave(x, 3)"});
  require({2, 3},
          {"torch.repeat_interleave(x, 2)", "torch.repeat_interleave(x, 2, 0)", "torch.repeat_interleave(x, 2, -1)"});
  require({1, 3, 2, 2}, {"torch.repeat_interleave(x, 2, 1)", "torch.repeat_interleave(x, 3, 2)",
                         "torch.repeat_interleave(x, torch.tensor([1, 0, 2]), 1)"});
}

TEST_CASE("Shapes of five dimensions that fold to four") {
  require({2, 6, 4, 5}, {"x.view([2, 2, 3, 4, 5]).transpose(1, 2).reshape([2, 6, 4, 5])",
                         "x.view([2, 6, 2, 2, 5]).permute([0, 2, 4, 1, 3]).reshape([2, 10, 12])"});
  require({1, 8, 4, 6}, {"x.view([1, 2, 2, 2, 4, 6]).permute([0, 1, 4, 2, 5, 3]).reshape([1, 2, 8, 12])",
                         "x.view([1, 8, 2, 2, 3, 2]).permute([0, 1, 3, 5, 2, 4]).reshape([1, 32, 2, 3])"});
}

TEST_CASE("Shapes of integers and bools") {
  std::vector<Case> integers;
  for (const char* expression : {"x.unsqueeze(1)", "x.unsqueeze(-1)", "x.view([1, 2, 3, 4])", "x.repeat([2, 1, 1])",
                                 "x.flatten(1)", "x.transpose(1, 2)", "x.permute([2, 0, 1])"})
    integers.push_back({std::string("return ") + expression, {{"x", {2, 3, 4}, -9, 9, int32}}});
  require_all(integers);
  std::vector<Case> cases;
  for (const char* expression : {"x.unsqueeze(1)", "x.flatten(1)", "x.transpose(1, 2)", "x.permute([2, 0, 1])",
                                 "x.repeat([2, 1, 1])", "x.view([6, 4])"})
    cases.push_back({std::string("return ") + expression, {{"x", {2, 3, 4}, 0, 2, boolean}}});
  cases.push_back({"return x.expand([2, 3, 4])", {{"x", {3, 1}, 0, 2, boolean}}});
  cases.push_back({"return x.expand([2, 3, 4])", {{"x", {3, 1}, -9, 9, int32}}});
  require_all(cases);
}

TEST_CASE("aten::atleast_1d to atleast_3d, aten::mH and aten::adjoint") {
  std::vector<Case> cases;
  for (const char* name : {"atleast_1d", "atleast_2d", "atleast_3d"}) {
    for (const Shape& shape : {Shape{}, {3}, {2, 3}, {2, 3, 4}})
      cases.push_back({std::string("return torch.") + name + "(x)", {{"x", shape}}});
    cases.push_back({std::string("return torch.") + name + "([x, y])", {{"x", {3}}, {"y", {2, 3}}}});
  }
  cases.push_back({"return x.mH", {{"x", {2, 3, 4}}}});
  cases.push_back({"return torch.adjoint(x)", {{"x", {2, 3}}}});
  require_all(cases);
}

TEST_CASE("Inputs and outputs of more than four dimensions") {
  std::vector<Case> cases;
  for (const char* body :
       {"x * 2 + 1", "torch.relu(x).permute(0, 2, 1, 4, 3)", "x.sum(-1)", "x", "x.mean([2, 3, 4], True)",
        "torch.softmax(x, -1, None)", "torch.cat([x, x], 2)", "x[:, :, 1:3]", "x.flatten(1)", "x + x.sum(2, True)"})
    cases.push_back({std::string("return ") + body, {{"x", {2, 3, 4, 5, 2}}}});
  cases.push_back({"return torch.relu(x).permute(5, 4, 3, 2, 1, 0)", {{"x", {1, 2, 3, 2, 3, 2}}}});
  cases.push_back({"return x, x + 1, x", {{"x", {2, 3, 4, 5, 2}}}});
  cases.push_back(
      {"return torch.linear(x.flatten(1), self.w).view([2, 1, 2, 1, 2])", {{"x", {2, 1, 2, 3, 2}}}, {{"w", {4, 12}}}});
  require_all(cases);
}

TEST_CASE("Views as copies, which functional graphs have instead") {
  std::vector<Case> cases;
  for (const char* call : {"view_copy(x, [4, 6])",
                           "permute_copy(x, [2, 0, 1])",
                           "transpose_copy(x, 0, 2)",
                           "expand_copy(x, [2, 2, 3, 4])",
                           "slice_copy(x, 2, 1, 3)",
                           "select_copy(x, 1, 2)",
                           "unsqueeze_copy(x, 1)",
                           "squeeze_copy(x[:, :1], 1)",
                           "squeeze_copy(x[:, :1, :1], [1, 2])",
                           "diagonal_copy(x, 0, 1, 2)",
                           "unfold_copy(x, 2, 2, 1)",
                           "t_copy(x[0])",
                           "alias_copy(x) * 2",
                           "detach_copy(x) * 2",
                           "_reshape_copy(x, [6, -1])",
                           "_lazy_clone(x) * 2",
                           "_to_copy(x) * 2",
                           "lift_fresh_copy(x) * 2",
                           "split_copy(x, 2, 2)[1]",
                           "split_with_sizes_copy(x, [1, 3], 2)[1]",
                           "unbind_copy(x, 1)[2]",
                           "narrow_copy(x, 2, 1, 2)",
                           "_unsafe_index(x, [torch.tensor([1, 0]), None, torch.tensor([0, 3])])"})
    cases.push_back({std::string("return torch.") + call, {{"x", {2, 3, 4}}}});
  require_all(cases);
}
