#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

/// One to four dimensions behind the batch.
std::vector<Shape> shapes_with_channels(int64_t channels) {
  return {{2, channels, 5, 6}, {2, channels, 7}, {1, channels, 4, 4}};
}

Tensor variance(const Shape& shape) { return {"variance", shape, 0.5, 2}; }

}  // namespace

TEST_CASE("aten::batch_norm") {
  std::vector<Case> cases;
  std::vector<Shape> shapes = shapes_with_channels(4);
  shapes.push_back({3, 4});
  for (const Shape& shape : shapes)
    for (const char* affine : {"self.weight, self.bias", "None, None", "self.weight, None"})
      for (const char* epsilon : {"1e-05", "0.1"})
        cases.push_back({"return torch.batch_norm(x, " + std::string(affine) +
                             ", self.mean, self.variance, False, 0.1, " + epsilon + ", True)",
                         {{"x", shape}},
                         {{"weight", {4}}, {"bias", {4}}, {"mean", {4}}, variance({4})}});
  require_all(cases);
}

TEST_CASE("aten::batch_norm by the batch's own statistics") {
  std::vector<Case> cases;
  for (const Shape& shape : shapes_with_channels(4))
    cases.push_back({"return torch.batch_norm(x, self.weight, self.bias, None, None, True, 0.1, 1e-05, True)",
                     {{"x", shape}},
                     {{"weight", {4}}, {"bias", {4}}}});
  require_all(cases);
}

TEST_CASE("aten::instance_norm") {
  std::vector<Case> cases;
  for (const Shape& shape : shapes_with_channels(4)) {
    for (const char* affine : {"self.weight, self.bias", "None, None"})
      cases.push_back({"return torch.instance_norm(x, " + std::string(affine) + ", None, None, True, 0.1, 1e-05, True)",
                       {{"x", shape}},
                       {{"weight", {4}}, {"bias", {4}}}});
    cases.push_back({"return torch.instance_norm(x, None, None, self.mean, self.variance, False, 0.1, 1e-05, True)",
                     {{"x", shape}},
                     {{"mean", {4}}, variance({4})}});
  }
  require_all(cases);
}

TEST_CASE("aten::group_norm") {
  std::vector<Case> cases;
  std::vector<Shape> shapes = shapes_with_channels(6);
  shapes.push_back({3, 6});
  for (const Shape& shape : shapes)
    for (int64_t groups : {1, 2, 3, 6})
      for (const char* affine : {"self.weight, self.bias", "None, None"})
        if (shape.size() > 2 || groups < 6)
          cases.push_back({"return torch.group_norm(x, " + std::to_string(groups) + ", " + affine + ", 1e-05, True)",
                           {{"x", shape}},
                           {{"weight", {6}}, {"bias", {6}}}});
  require_all(cases);
}

TEST_CASE("aten::layer_norm") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{2, 3, 4, 5}, {2, 7, 5}, {3, 5}, {8}})
    for (size_t count = 1; count <= shape.size(); ++count) {
      const Shape normalised(shape.end() - static_cast<std::ptrdiff_t>(count), shape.end());
      for (const char* affine : {"self.weight, self.bias", "None, None"})
        cases.push_back({"return torch.layer_norm(x, " + list(normalised) + ", " + affine + ", 1e-05, True)",
                         {{"x", shape}},
                         {{"weight", normalised}, {"bias", normalised}}});
    }
  require_all(cases);
}

TEST_CASE("A batch norm between convolutions costs nothing") {
  CHECK(operations_of({"y = torch.conv2d(x, self.weight)\n"
                       "  y = torch.batch_norm(y, None, None, self.mean, self.variance, False, 0.1, 1e-05, True)\n"
                       "  return torch.conv2d(torch.relu(y), self.next)",
                       {{"x", {1, 3, 6, 7}}},
                       {{"weight", {4, 3, 3, 3}}, {"mean", {4}}, variance({4}), {"next", {2, 4, 1, 1}}}},
                      3, true) == std::vector<std::string>{"CONV_2D", "CONV_2D", "TRANSPOSE"});
}

TEST_CASE("aten::rms_norm and aten::_fused_rms_norm") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{2, 3, 4, 6}, Shape{2, 5, 6}, Shape{3, 6}, Shape{6}})
    for (const char* arguments : {"[6], self.weight, 1e-05", "[6], self.weight, None", "[6], None, 0.1"}) {
      cases.push_back({"return torch.rms_norm(x, " + std::string(arguments) + ")", {{"x", shape}}, {{"weight", {6}}}});
      cases.push_back(
          {"return torch._fused_rms_norm(x, " + std::string(arguments) + ")[0]", {{"x", shape}}, {{"weight", {6}}}});
    }
  cases.push_back({"return torch.rms_norm(x, [3, 6], self.weight)", {{"x", {2, 3, 6}}}, {{"weight", {3, 6}}}});
  cases.push_back({"return torch.rms_norm(x, [6], w)", {{"x", {2, 6}}, {"w", {6}}}});
  cases.push_back({"return torch.rms_norm(x, [6])", {{"x", {2, 6}, -1e-4, 1e-4}}});
  require_all(cases);
}

TEST_CASE("Batch norm as torch.export decomposes it") {
  std::vector<Case> cases;
  for (const Shape& shape : shapes_with_channels(4))
    for (const char* affine : {"self.weight, self.bias", "None, None"}) {
      const std::vector<Tensor> attributes{{"weight", {4}}, {"bias", {4}}, {"mean", {4}}, variance({4})};
      const auto add = [&](const std::string& call) {
        cases.push_back({"return torch." + call + "[0]", {{"x", shape}}, attributes});
      };
      const std::string given(affine), statistics = ", self.mean, self.variance, ";
      add("_native_batch_norm_legit_no_training(x, " + given + statistics + "0.1, 1e-05)");
      add("_native_batch_norm_legit(x, " + given + statistics + "False, 0.1, 1e-05)");
      add("_native_batch_norm_legit(x, " + given + ", True, 0.1, 1e-05)");
      add("_batch_norm_no_update(x, " + given + statistics + "0.1, 1e-05)");
    }
  require_all(cases);
}
