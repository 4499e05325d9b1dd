#include <cmath>

#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

const std::vector<Shape> image_shapes{{1, 3, 4, 4}, {2, 2, 5, 7}, {1, 1, 8, 3}, {1, 2, 1, 6}};
const std::vector<Shape> image_sizes{{8, 8}, {10, 14}, {3, 9}, {4, 4}, {1, 1}, {7, 2}, {15, 21}};

std::string scales(double height, double width) { return python(height) + ", " + python(width); }

/// A resize of each shape to each size, and by scales that do and that do not agree with the sizes. `flags` stand
/// between the size and the scales.
std::vector<Case> image_cases(const std::string& name, const std::vector<std::string>& flags, double tolerance) {
  std::vector<Case> cases;
  for (const Shape& shape : image_shapes)
    for (const std::string& flag : flags) {
      auto add = [&](const Shape& size, const std::string& given) {
        cases.push_back({"return torch." + name + "(x, " + list(size) + flag + ", " + given + ")", {{"x", shape}}});
        cases.back().tolerance = tolerance;
      };
      for (const Shape& size : image_sizes) add(size, "None, None");
      for (double scale : {2.0, 1.5, 0.5, 1.7, 3.0, 1.0}) {
        const Shape size{static_cast<int64_t>(std::floor(static_cast<double>(shape[2]) * scale)),
                         static_cast<int64_t>(std::floor(static_cast<double>(shape[3]) * scale))};
        if (size[0] > 0 && size[1] > 0) add(size, scales(scale, scale));
      }
      add({shape[2] * 2, shape[3]}, scales(2.0, 1.1));
    }
  return cases;
}

/// The overload that computes the size itself.
std::vector<Case> scale_factor_cases(const std::string& name, const std::vector<std::string>& flags) {
  std::vector<Case> cases;
  for (const std::string& flag : flags)
    for (const char* factors : {"[2.0, 2.0]", "[1.5, 0.7]", "[2.3, 3.0]"})
      cases.push_back({"return torch." + name + "(x, None" + flag + ", " + factors + ")", {{"x", {1, 2, 5, 6}}}});
  return cases;
}

std::vector<Case> signal_cases(const std::string& name, const std::vector<std::string>& flags) {
  std::vector<Case> cases;
  for (int64_t size : {4, 7})
    for (const std::string& flag : flags) {
      for (int64_t output : {8, 14, 3, 4, 11})
        cases.push_back({"return torch." + name + "(x, " + list({output}) + flag + ", None)", {{"x", {2, 3, size}}}});
      cases.push_back({"return torch." + name + "(x, None" + flag + ", [1.6])", {{"x", {2, 3, size}}}});
    }
  return cases;
}

std::vector<Case> joined(std::vector<Case> first, const std::vector<Case>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const std::vector<std::string> no_flags{""};
const std::vector<std::string> corners{", False", ", True"};

}  // namespace

TEST_CASE("aten::upsample_nearest2d") {
  require_all(
      joined(image_cases("upsample_nearest2d", no_flags, 0), scale_factor_cases("upsample_nearest2d", no_flags)));
}

TEST_CASE("aten::_upsample_nearest_exact2d") {
  require_all(joined(image_cases("_upsample_nearest_exact2d", no_flags, 0),
                     scale_factor_cases("_upsample_nearest_exact2d", no_flags)));
}

TEST_CASE("aten::upsample_bilinear2d") {
  require_all(
      joined(image_cases("upsample_bilinear2d", corners, 2e-6), scale_factor_cases("upsample_bilinear2d", corners)));
}

TEST_CASE("aten::upsample_bicubic2d") {
  require_all(joined(some_of(image_cases("upsample_bicubic2d", corners, 2e-6), 40),
                     scale_factor_cases("upsample_bicubic2d", corners)));
}

TEST_CASE("aten::_upsample_bilinear2d_aa and aten::_upsample_bicubic2d_aa") {
  require_all(joined(some_of(image_cases("_upsample_bilinear2d_aa", corners, 2e-6), 30),
                     some_of(image_cases("_upsample_bicubic2d_aa", corners, 2e-6), 30)));
}

TEST_CASE("aten::upsample_nearest1d, aten::_upsample_nearest_exact1d and aten::upsample_linear1d") {
  require_all(
      joined(joined(signal_cases("upsample_nearest1d", no_flags), signal_cases("_upsample_nearest_exact1d", no_flags)),
             signal_cases("upsample_linear1d", corners)));
}

TEST_CASE("aten::pixel_shuffle, aten::pixel_unshuffle and aten::channel_shuffle") {
  std::vector<Case> cases;
  for (int64_t factor : {1, 2, 3})
    for (int64_t channels : {1, 2, 3}) {
      const int64_t square = factor * factor;
      const std::string shuffle = "return torch.pixel_shuffle(x, " + std::to_string(factor) + ")";
      cases.push_back({shuffle, {{"x", {2, channels * square, 3, 4}}}});
      cases.push_back({shuffle, {{"x", {channels * square, 3, 4}}}});
      cases.push_back({"return torch.pixel_unshuffle(x, " + std::to_string(factor) + ")",
                       {{"x", {2, channels, 3 * factor, 4 * factor}}}});
    }
  for (int64_t groups : {1, 2, 3, 6})
    for (const Shape& shape : {Shape{2, 6, 3, 4}, {1, 6, 5}})
      cases.push_back({"return torch.channel_shuffle(x, " + std::to_string(groups) + ")", {{"x", shape}}});
  for (Case& test : cases) test.tolerance = 0;
  require_all(cases);
}

TEST_CASE("A resize that NNAPI has is one operation") {
  using Names = std::vector<std::string>;
  const Tensor image{"x", {1, 3, 6, 7}};
  CHECK(operations_of({"return torch.upsample_nearest2d(x, [12, 14], 2.0, 2.0)", {image}}, 3, true) ==
        Names{"RESIZE_NEAREST_NEIGHBOR", "TRANSPOSE"});
  CHECK(operations_of({"return torch.upsample_bilinear2d(x, [12, 14], False)", {image}}, 4, true) ==
        Names{"RESIZE_BILINEAR", "TRANSPOSE"});
  CHECK(operations_of({"return torch.upsample_bilinear2d(x, [9, 20], True)", {image}}, 4, true) ==
        Names{"RESIZE_BILINEAR", "TRANSPOSE"});
}

TEST_CASE("Volumes of other sizes") {
  std::vector<Case> cases;
  for (const char* call :
       {"upsample_nearest3d(x, [6, 5, 7])", "upsample_nearest3d(x, None, [2.0, 1.5, 0.7])",
        "_upsample_nearest_exact3d(x, [6, 5, 7])", "upsample_trilinear3d(x, [6, 5, 7], False)",
        "upsample_trilinear3d(x, [6, 5, 7], True)", "upsample_trilinear3d(x, None, False, [2.0, 2.0, 2.0])"})
    cases.push_back({std::string("return torch.") + call, {{"x", {2, 3, 3, 4, 5}}}});
  require_all(cases);
}

TEST_CASE("aten::_upsample_lanczos2d_aa") {
  require_all(joined(some_of(image_cases("_upsample_lanczos2d_aa", corners, 4e-6), 40),
                     scale_factor_cases("_upsample_lanczos2d_aa", {", False"})));
}
