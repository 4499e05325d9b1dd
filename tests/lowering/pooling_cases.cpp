#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

struct Pool {
  Shape kernel, stride, padding, dilation;
  bool ceil_mode;
};

/// Every combination that PyTorch takes: a padding is at most half of the kernel.
std::vector<Pool> combinations(const std::vector<Shape>& dilations) {
  std::vector<Pool> all;
  for (const Shape& kernel : {Shape{2, 2}, {3, 3}, {1, 3}, {4, 2}, {5, 5}})
    for (const Shape& stride : {Shape{}, {1, 1}, {2, 2}, {3, 1}, {2, 4}})
      for (const Shape& padding : {Shape{0, 0}, {1, 1}, {0, 1}, {2, 2}})
        for (const Shape& dilation : dilations)
          for (bool ceil_mode : {false, true})
            if (2 * padding[0] <= kernel[0] && 2 * padding[1] <= kernel[1])
              all.push_back({kernel, stride, padding, dilation, ceil_mode});
  return all;
}

const std::vector<Shape> sizes{{8, 9}, {7, 12}, {11, 10}};

/// The values are negative, so that a zero counted by mistake shows in a maximum.
Tensor negative_image(const Shape& shape) { return {"x", shape, -2, -1}; }

}  // namespace

TEST_CASE("aten::max_pool2d") {
  std::vector<Case> cases;
  for (const Pool& pool : combinations({{1, 1}, {1, 1}, {2, 2}, {1, 2}}))
    for (const Shape& size : sizes)
      if (pool.dilation[0] * (pool.kernel[0] - 1) < size[0] + 2 * pool.padding[0] &&
          pool.dilation[1] * (pool.kernel[1] - 1) < size[1] + 2 * pool.padding[1])
        cases.push_back({"return torch.max_pool2d(x, " + list(pool.kernel) + ", " + list(pool.stride) + ", " +
                             list(pool.padding) + ", " + list(pool.dilation) + ", " + python(pool.ceil_mode) + ")",
                         {negative_image({2, 3, size[0], size[1]})}});
  cases = some_of(cases, 100);
  cases.push_back({"return torch.max_pool2d(x, [2, 2])", {negative_image({3, 7, 9})}});
  require_all(cases);
}

TEST_CASE("aten::max_pool2d_with_indices") {
  require_all({{"y, i = torch.max_pool2d_with_indices(x, [3, 3], [2, 2], [1, 1])\n  return y",
                {negative_image({1, 3, 9, 8})}}});
  require_refused({"y, i = torch.max_pool2d_with_indices(x, [2, 2])\n  return y, i", {{"x", {1, 3, 8, 8}}}},
                  "a result");
}

TEST_CASE("aten::avg_pool2d") {
  std::vector<Case> cases;
  for (const Pool& pool : combinations({{1, 1}}))
    for (const Shape& size : sizes)
      for (bool count_include_pad : {true, false})
        for (const char* divisor : {"None", "None", "3"})
          cases.push_back({"return torch.avg_pool2d(x, " + list(pool.kernel) + ", " + list(pool.stride) + ", " +
                               list(pool.padding) + ", " + python(pool.ceil_mode) + ", " + python(count_include_pad) +
                               ", " + divisor + ")",
                           {{"x", {2, 3, size[0], size[1]}}}});
  cases = some_of(cases, 150);
  cases.push_back({"return torch.avg_pool2d(x, [2, 2], [1, 1], [1, 1])", {{"x", {3, 7, 9}}}});
  require_all(cases);
}

TEST_CASE("aten::max_pool1d and aten::avg_pool1d") {
  std::vector<Case> cases;
  for (int64_t kernel : {2, 3, 5})
    for (int64_t stride : {1, 2, 3})
      for (int64_t padding : {0, 1})
        for (bool ceil_mode : {false, true})
          for (const Shape& shape : {Shape{2, 3, 14}, {3, 11}}) {
            const std::string window = "[" + std::to_string(kernel) + "], [" + std::to_string(stride) + "], [" +
                                       std::to_string(padding) + "], ";
            for (int64_t dilation : {1, 2})
              cases.push_back({"return torch.max_pool1d(x, " + window + "[" + std::to_string(dilation) + "], " +
                                   python(ceil_mode) + ")",
                               {negative_image(shape)}});
            for (bool count_include_pad : {true, false})
              cases.push_back(
                  {"return torch.avg_pool1d(x, " + window + python(ceil_mode) + ", " + python(count_include_pad) + ")",
                   {{"x", shape}}});
          }
  require_all(some_of(cases, 60));
}

/// The fifth dimension comes and goes within the model.
Case volume_case(const std::string& pool, const Shape& shape) {
  return {"return torch.squeeze(torch." + pool + ", 0)", {negative_image(shape)}};
}

TEST_CASE("aten::max_pool3d and aten::avg_pool3d") {
  std::vector<Case> cases;
  for (const Shape& kernel : {Shape{2, 3, 1}, {3, 1, 1}, {2, 2, 2}})
    for (const Shape& stride : {Shape{1, 2, 1}, {2, 1, 2}})
      for (const Shape& padding : {Shape{0, 0, 0}, {1, 0, 0}})
        for (bool ceil_mode : {false, true}) {
          const std::string window = list(kernel) + ", " + list(stride) + ", " + list(padding) + ", ";
          cases.push_back(volume_case(
              "max_pool3d(torch.unsqueeze(x, 0), " + window + "[1, 1, 1], " + python(ceil_mode) + ")", {3, 6, 5, 4}));
          for (const char* division : {"True, None", "False, None", "True, 5"})
            cases.push_back(
                volume_case("avg_pool3d(torch.unsqueeze(x, 0), " + window + python(ceil_mode) + ", " + division + ")",
                            {3, 6, 5, 4}));
        }
  require_all(some_of(cases, 40));
}

TEST_CASE("Local response normalisation, as PyTorch composes it") {
  std::vector<Case> cases;
  for (int64_t size : {2, 3, 5})
    cases.push_back(
        {"s = torch.unsqueeze(torch.mul(x, x), 1)\n"
         "  s = torch.constant_pad_nd(s, [0, 0, 0, 0, " +
             std::to_string(size / 2) + ", " + std::to_string((size - 1) / 2) +
             "], 0.0)\n"
             "  s = torch.squeeze(torch.avg_pool3d(s, [" +
             std::to_string(size) +
             ", 1, 1], [1, 1, 1]), 1)\n"
             "  return torch.div(x, torch.pow(torch.add(torch.mul(s, 0.01), 2.0), 0.75))",
         {{"x", {2, 7, 5, 6}}}});
  require_all(cases);
}

TEST_CASE("aten::adaptive_avg_pool2d and aten::adaptive_max_pool2d") {
  std::vector<Case> cases;
  for (const Shape& size : {Shape{8, 8}, {7, 9}, {1, 1}, {6, 13}, {4, 5}})
    for (const Shape& output : {Shape{1, 1}, {2, 2}, {4, 8}, {3, 5}, {7, 7}, {1, 3}}) {
      cases.push_back({"return torch.adaptive_avg_pool2d(x, " + list(output) + ")", {{"x", {2, 3, size[0], size[1]}}}});
      cases.push_back({"y, i = torch.adaptive_max_pool2d(x, " + list(output) + ")\n  return y",
                       {negative_image({2, 3, size[0], size[1]})}});
    }
  cases.push_back({"return torch.adaptive_avg_pool2d(x, [2, 3])", {{"x", {3, 7, 9}}}});
  require_all(cases);
}

TEST_CASE("aten::adaptive_avg_pool1d and aten::adaptive_max_pool1d") {
  std::vector<Case> cases;
  for (int64_t size : {8, 7, 3})
    for (int64_t output : {1, 2, 3, 5, 8}) {
      cases.push_back({"return torch.adaptive_avg_pool1d(x, " + list({output}) + ")", {{"x", {2, 3, size}}}});
      cases.push_back(
          {"y, i = torch.adaptive_max_pool1d(x, " + list({output}) + ")\n  return y", {negative_image({2, 3, size})}});
    }
  require_all(cases);
}

TEST_CASE("A global average pool is one MEAN") {
  CHECK(operations_of({"return torch.adaptive_avg_pool2d(x, [1, 1])", {{"x", {1, 3, 6, 7}}}}, 3, false) ==
        std::vector<std::string>{"MEAN"});
}

TEST_CASE("Pools of volumes that are inputs") {
  std::vector<Case> cases;
  for (const char* pool : {"max_pool3d(x, [2, 2, 2])", "avg_pool3d(x, [3, 2, 2], [1, 2, 1], [1, 0, 1])",
                           "adaptive_avg_pool3d(x, [1, 1, 1])", "adaptive_avg_pool3d(x, [3, 2, 5])",
                           "adaptive_max_pool3d(x, [2, 3, 1])[0]", "adaptive_max_pool3d(x, [1, 1, 1])[0]",
                           "max_pool3d_with_indices(x, [2, 2, 2])[0]"})
    cases.push_back({std::string("return torch.") + pool, {negative_image({2, 3, 6, 5, 4})}});
  require_all(cases);
}

TEST_CASE("Maxima of dilated windows below API 29") {
  std::vector<Case> cases;
  for (const char* arguments :
       {"[3, 3], [1, 1], [1, 1], [2, 2]", "[2, 3], [2, 1], [1, 0], [3, 2]", "[2, 2], [2, 2], [0, 0], [2, 1], True"}) {
    Case test{std::string("return torch.max_pool2d(x, ") + arguments + ")", {negative_image({1, 3, 8, 8})}};
    test.levels = {1, 2, 3};
    test.lowest_level = 1;
    cases.push_back(test);
  }
  require_all(cases);
}
