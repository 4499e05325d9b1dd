#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

struct Convolution {
  int64_t inputs, outputs, groups;
  Shape kernel, stride, padding, dilation, size;
  bool bias;

  /// Output size of the ordinary convolution in dimension `i`.
  int64_t output(size_t i) const {
    return (size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1;
  }
  bool is_possible() const {
    for (size_t i = 0; i < kernel.size(); ++i)
      if (size[i] + 2 * padding[i] < dilation[i] * (kernel[i] - 1) + 1) return false;
    return true;
  }
};

Shape joined(Shape first, const Shape& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// Every combination of parameters that PyTorch takes.
std::vector<Convolution> combinations_of_two_dimensions() {
  struct Channels {
    int64_t inputs, outputs, groups;
  };
  std::vector<Convolution> all;
  for (const Channels& channels : {Channels{3, 4, 1}, {1, 2, 1}, {4, 4, 4}, {3, 6, 3}, {4, 6, 2}, {6, 9, 3}})
    for (const Shape& kernel : {Shape{1, 1}, {3, 3}, {2, 3}, {5, 1}, {4, 4}})
      for (const Shape& stride : {Shape{1, 1}, {2, 2}, {1, 3}})
        for (const Shape& padding : {Shape{0, 0}, {1, 1}, {2, 0}, {1, 4}})
          for (const Shape& dilation : {Shape{1, 1}, {2, 2}, {1, 3}})
            for (const Shape& size : {Shape{8, 9}, {5, 12}})
              for (bool bias : {true, false}) {
                const Convolution convolution{
                    channels.inputs, channels.outputs, channels.groups, kernel, stride, padding, dilation, size, bias};
                if (convolution.is_possible()) all.push_back(convolution);
              }
  return all;
}

Case ordinary_case(const Convolution& c, const Shape& batch) {
  const std::string name = c.kernel.size() == 1 ? "conv1d" : "conv2d";
  const std::string bias = c.bias ? "self.bias" : "None";
  return {"return torch." + name + "(x, self.weight, " + bias + ", " + list(c.stride) + ", " + list(c.padding) + ", " +
              list(c.dilation) + ", " + std::to_string(c.groups) + ")",
          {{"x", joined(joined(batch, {c.inputs}), c.size)}},
          {{"weight", joined({c.outputs, c.inputs / c.groups}, c.kernel)}, {"bias", {c.outputs}}}};
}

std::string transposed_arguments(const Convolution& c, const Shape& output_padding) {
  return list(c.stride) + ", " + list(c.padding) + ", " + list(output_padding) + ", " + std::to_string(c.groups) +
         ", " + list(c.dilation);
}

/// Also output paddings that are greater than the padding.
std::vector<Case> transposed_cases(const std::vector<Convolution>& combinations) {
  std::vector<Case> cases;
  for (const Convolution& c : combinations)
    for (int64_t extra : {0, 1}) {
      Shape output_padding;
      bool possible = true;
      for (size_t i = 0; i < c.kernel.size(); ++i) {
        output_padding.push_back(extra < std::max(c.stride[i], c.dilation[i]) ? extra : 0);
        possible &= (c.size[i] - 1) * c.stride[i] - 2 * c.padding[i] + c.dilation[i] * (c.kernel[i] - 1) +
                        output_padding[i] + 1 >
                    0;
      }
      if (!possible) continue;
      const std::string name = c.kernel.size() == 1 ? "conv_transpose1d" : "conv_transpose2d";
      cases.push_back({"return torch." + name + "(x, self.weight, " + (c.bias ? "self.bias" : "None") + ", " +
                           transposed_arguments(c, output_padding) + ")",
                       {{"x", joined({2, c.inputs}, c.size)}},
                       {{"weight", joined({c.inputs, c.outputs / c.groups}, c.kernel)}, {"bias", {c.outputs}}}});
    }
  return cases;
}

std::vector<Convolution> combinations_of_one_dimension() {
  std::vector<Convolution> all;
  for (int64_t groups : {1, 2, 4})
    for (int64_t kernel : {1, 3, 4})
      for (int64_t stride : {1, 2})
        for (int64_t padding : {0, 1, 3})
          for (int64_t dilation : {1, 2})
            for (bool bias : {true, false}) {
              const Convolution convolution{4, 8, groups, {kernel}, {stride}, {padding}, {dilation}, {11}, bias};
              if (convolution.is_possible()) all.push_back(convolution);
            }
  return all;
}

}  // namespace

TEST_CASE("aten::conv2d") {
  std::vector<Case> cases;
  for (const Convolution& convolution : combinations_of_two_dimensions())
    cases.push_back(ordinary_case(convolution, {2}));
  require_all(some_of(cases, 120));
}

TEST_CASE("aten::conv2d without a batch dimension") {
  require_all({ordinary_case({3, 4, 1, {3, 3}, {1, 2}, {1, 1}, {1, 1}, {6, 7}, true}, {}),
               ordinary_case({4, 4, 4, {3, 3}, {1, 1}, {0, 1}, {1, 1}, {6, 7}, false}, {})});
}

TEST_CASE("aten::conv2d with named padding") {
  std::vector<Case> cases;
  for (const char* padding : {"'same'", "'valid'"})
    for (const Shape& kernel : {Shape{3, 3}, {2, 4}, {1, 2}})
      for (const Shape& dilation : {Shape{1, 1}, {2, 3}})
        for (int64_t groups : {1, 2, 4})
          cases.push_back({"return torch.conv2d(x, self.weight, None, [1, 1], " + std::string(padding) + ", " +
                               list(dilation) + ", " + std::to_string(groups) + ")",
                           {{"x", {1, 4, 9, 10}}},
                           {{"weight", {8, 4 / groups, kernel[0], kernel[1]}}}});
  require_all(cases);
}

TEST_CASE("aten::conv2d with computed weights") {
  std::vector<Case> cases;
  for (int64_t groups : {1, 2, 4})
    cases.push_back({"return torch.conv2d(x, w, b, [1, 1], [1, 1], [1, 1], " + std::to_string(groups) + ")",
                     {{"x", {2, 4, 6, 7}}, {"w", {8, 4 / groups, 3, 3}}, {"b", {8}}}});
  cases.push_back(
      {"return torch.conv2d(x, w, None, [1, 1], [1, 1], [2, 2], 2)", {{"x", {2, 4, 6, 7}}, {"w", {8, 2, 3, 3}}}});
  require_all(cases);
}

TEST_CASE("aten::conv1d") {
  std::vector<Case> cases;
  for (const Convolution& convolution : combinations_of_one_dimension()) {
    cases.push_back(ordinary_case(convolution, {2}));
    cases.push_back(ordinary_case(convolution, {}));
  }
  for (const char* padding : {"'same'", "'valid'"})
    cases.push_back({"return torch.conv1d(x, self.weight, None, [1], " + std::string(padding) + ", [1])",
                     {{"x", {2, 3, 9}}},
                     {{"weight", {4, 3, 4}}}});
  require_all(some_of(cases, 60));
}

TEST_CASE("aten::_convolution") {
  std::vector<Case> cases;
  for (const char* transposed : {"False", "True"})
    for (int64_t groups : {1, 2})
      cases.push_back({"return torch._convolution(x, self.weight, self.bias, [2, 1], [1, 1], [1, 1], " +
                           std::string(transposed) + ", [0, 0], " + std::to_string(groups) +
                           ", False, False, True, True)",
                       {{"x", {1, 4, 7, 6}}},
                       {{"weight", {4, 4 / groups, 3, 3}}, {"bias", {4}}}});
  require_all(cases);
}

TEST_CASE("aten::conv_transpose2d") { require_all(some_of(transposed_cases(combinations_of_two_dimensions()), 120)); }

TEST_CASE("aten::conv_transpose1d") { require_all(some_of(transposed_cases(combinations_of_one_dimension()), 40)); }

TEST_CASE("Convolutions that have no counterpart are refused") {
  require_refused(
      {"return torch.conv_transpose2d(x, w, None, [2, 2], [0, 0], [1, 1])", {{"x", {1, 2, 5, 5}}, {"w", {2, 3, 3, 3}}}},
      "constant weights");
}

TEST_CASE("A depthwise convolution is one operation") {
  const Case depthwise{"return torch.conv2d(x, self.weight, None, [1, 1], [2, 2], [2, 2], 6)",
                       {{"x", {1, 6, 8, 8}}},
                       {{"weight", {12, 1, 3, 3}}}};
  CHECK(operations_of(depthwise, 3, true) == std::vector<std::string>{"DEPTHWISE_CONV_2D", "TRANSPOSE"});
}

TEST_CASE("aten::conv3d") {
  struct Volume {
    int64_t inputs, outputs, groups;
    Shape kernel, stride, padding, dilation;
  };
  std::vector<Case> cases;
  for (const Volume& v : {Volume{2, 3, 1, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
                          {2, 3, 1, {2, 3, 1}, {2, 1, 2}, {0, 1, 0}, {1, 1, 1}},
                          {2, 4, 2, {3, 2, 2}, {1, 2, 1}, {2, 0, 1}, {2, 1, 1}},
                          {3, 3, 3, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 2, 1}},
                          {3, 6, 3, {3, 1, 2}, {3, 1, 1}, {1, 0, 0}, {1, 1, 1}}})
    for (int64_t batch : {1, 2})
      for (bool bias : {true, false})
        cases.push_back({"return torch.conv3d(x, self.weight, " + std::string(bias ? "self.bias" : "None") + ", " +
                             list(v.stride) + ", " + list(v.padding) + ", " + list(v.dilation) + ", " +
                             std::to_string(v.groups) + ")",
                         {{"x", {batch, v.inputs, 5, 6, 7}}},
                         {{"weight", joined({v.outputs, v.inputs / v.groups}, v.kernel)}, {"bias", {v.outputs}}}});
  cases.push_back({"return torch.conv3d(x, self.weight, None, [1, 1, 1], 'same', [1, 2, 1])",
                   {{"x", {1, 2, 4, 5, 6}}},
                   {{"weight", {3, 2, 2, 3, 4}}}});
  cases.push_back({"return torch.conv3d(x, self.weight)", {{"x", {2, 4, 5, 6}}}, {{"weight", {3, 2, 2, 3, 4}}}});
  require_all(cases);
}

TEST_CASE("aten::conv_transpose3d") {
  require_all({{"return torch.conv_transpose3d(x, self.weight, self.bias, [2, 2, 2])",
                {{"x", {2, 2, 3, 4, 3}}},
                {{"weight", {2, 3, 2, 2, 2}}, {"bias", {3}}}},
               {"return torch.conv_transpose3d(x, self.weight, self.bias, [3, 2, 1], [1, 1, 0], [1, 0, 0])",
                {{"x", {1, 2, 3, 4, 3}}},
                {{"weight", {2, 3, 3, 4, 2}}, {"bias", {3}}}},
               {"return torch.conv_transpose3d(x, self.weight, None, [2, 1, 2], [0, 1, 1], [1, 0, 1], 2, [2, 1, 1])",
                {{"x", {1, 4, 3, 4, 3}}},
                {{"weight", {4, 3, 2, 3, 3}}}}});
}

TEST_CASE("aten::im2col and aten::col2im") {
  struct Windows {
    Shape kernel, dilation, padding, stride;
  };
  std::vector<Case> cases;
  for (const Windows& w : {Windows{{2, 3}, {1, 1}, {1, 1}, {2, 2}},
                           {{3, 3}, {2, 2}, {0, 0}, {1, 1}},
                           {{2, 2}, {1, 1}, {0, 0}, {2, 2}},
                           {{3, 2}, {1, 2}, {1, 0}, {3, 1}}}) {
    const Shape size{8, 9};
    int64_t count = 1;
    for (size_t i = 0; i < 2; ++i)
      count *= (size[i] + 2 * w.padding[i] - w.dilation[i] * (w.kernel[i] - 1) - 1) / w.stride[i] + 1;
    const std::string arguments =
        list(w.kernel) + ", " + list(w.dilation) + ", " + list(w.padding) + ", " + list(w.stride) + ")";
    for (int64_t batch : {1, 2}) {
      cases.push_back({"return torch.im2col(x, " + arguments, {{"x", {batch, 3, 8, 9}}}});
      cases.push_back(
          {"return torch.col2im(x, [8, 9], " + arguments, {{"x", {batch, 3 * w.kernel[0] * w.kernel[1], count}}}});
    }
  }
  cases.push_back({"return torch.im2col(x, [2, 2], [1, 1], [0, 0], [1, 1])", {{"x", {3, 4, 5}}}});
  require_all(cases);
}
