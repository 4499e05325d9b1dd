// Quantized operators: each fed the same integers as LibTorch's QNNPACK kernels, and compared step by step.
#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr const char* quint8 = "13";
constexpr const char* qint8 = "12";

Tensor quantized_input(const std::string& name, const Shape& shape, float scale, int zero_point, int low = 0,
                       int high = 256) {
  return {name, shape, static_cast<double>(low), static_cast<double>(high), ElementType::quint8, scale, zero_point};
}

Tensor signed_input(const std::string& name, const Shape& shape, float scale, int zero_point) {
  return {name, shape, -128, 128, ElementType::qint8, scale, zero_point};
}

/// A scale and a zero point as arguments.
struct Scale {
  double scale;
  int zero_point;
  std::string text() const { return python(scale) + ", " + std::to_string(zero_point); }
};

/// self.weight quantized to `w`, with one scale or one a channel.
std::string quantized_weight(bool per_channel, int64_t channels, int channel_dimension = 0) {
  if (!per_channel) return "w = torch.quantize_per_tensor(self.weight, 0.008, 0, " + std::string(qint8) + ")\n  ";
  return "w = torch.quantize_per_channel(self.weight, self.scales, torch.zeros([" + std::to_string(channels) +
         "], dtype=4), " + std::to_string(channel_dimension) + ", " + qint8 + ")\n  ";
}

struct Convolution {
  Shape input;
  Shape weight;
  int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
};

Case convolution_case(const Convolution& c, bool per_channel, bool relu, const Scale& input, const Scale& output,
                      bool bias = true) {
  const std::string dimensions = c.input.size() == 3 ? "1d" : "2d";
  const size_t spatial = c.input.size() - 2;
  const auto all = [&](int64_t value) { return list(std::vector<int64_t>(spatial, value)); };
  Case result;
  result.body = quantized_weight(per_channel, c.weight[0]) + "p = quantized.conv" + dimensions + "_prepack(w, " +
                (bias ? "self.bias" : "None") + ", " + all(c.stride) + ", " + all(c.padding) + ", " + all(c.dilation) +
                ", " + std::to_string(c.groups) + ")\n  return quantized.conv" + dimensions + (relu ? "_relu" : "") +
                "(x, p, " + output.text() + ")";
  result.inputs = {quantized_input("x", c.input, static_cast<float>(input.scale), input.zero_point)};
  result.attributes = {{"weight", c.weight}, {"bias", {c.weight[0]}}, {"scales", {c.weight[0]}, 0.004, 0.01}};
  const bool in_parts = c.groups > 1 && c.groups != c.input[1] && c.dilation > 1;
  result.lowest_level = per_channel ? 3 : in_parts ? 2 : 1;
  return result;
}

}  // namespace

TEST_CASE("quantized::conv2d") {
  std::vector<Case> cases;
  const Convolution shapes[] = {{{1, 3, 7, 6}, {4, 3, 3, 3}},
                                {{2, 3, 7, 6}, {4, 3, 3, 3}, 2, 1},
                                {{1, 8, 5, 5}, {6, 8, 1, 1}},
                                {{1, 4, 9, 8}, {4, 1, 3, 3}, 1, 1, 1, 4},
                                {{1, 4, 9, 8}, {8, 1, 5, 5}, 2, 2, 1, 4},
                                {{1, 4, 9, 8}, {4, 4, 3, 3}, 1, 2, 2, 1},
                                {{1, 4, 9, 8}, {4, 1, 3, 3}, 1, 2, 2, 4},
                                {{1, 4, 11, 8}, {4, 4, 3, 3}, 2, 2, 3, 1},
                                {{1, 6, 9, 8}, {4, 3, 3, 3}, 1, 1, 1, 2},
                                {{2, 6, 9, 8}, {9, 2, 3, 3}, 1, 2, 2, 3}};
  for (const Convolution& shape : shapes)
    for (bool per_channel : {false, true})
      for (bool relu : {false, true})
        for (const Scale& input : {Scale{0.02, 128}, {0.013, 0}, {0.05, 255}})
          for (const Scale& output : {Scale{0.05, 100}, {0.021, 0}})
            cases.push_back(convolution_case(shape, per_channel, relu, input, output));
  cases.push_back(convolution_case(shapes[0], false, true, {0.02, 3}, {0.05, 0}, false));
  require_all(some_of(cases, 32));
}

TEST_CASE("quantized::conv1d") {
  std::vector<Case> cases;
  for (bool per_channel : {false, true})
    for (bool relu : {false, true})
      cases.push_back(
          convolution_case({{2, 3, 9}, {4, 3, 3}, 2, 1}, per_channel, relu, {0.02, 120}, {0.04, relu ? 0 : 110}));
  for (Case& each : cases) each.lowest_level = std::max(each.lowest_level, 2);  // a TRANSPOSE
  require_all(cases);
}

namespace {

/// `arguments`: stride, padding, output padding, dilation and groups.
Case transposed_case(const Shape& input, const Shape& weight, const std::string& arguments, bool per_channel,
                     int64_t groups = 1) {
  const std::string op = "quantized.conv_transpose" + std::to_string(input.size() - 2) + "d";
  const int64_t outputs = weight[1] * groups;
  Case result;
  result.body = quantized_weight(per_channel, weight[1], 1) + "p = " + op + "_prepack(w, self.bias, " + arguments +
                ", " + std::to_string(groups) + ")\n  return " + op + "(x, p, 0.05, 90)";
  result.inputs = {quantized_input("x", input, 0.02f, 117)};
  result.attributes = {{"weight", weight}, {"bias", {outputs}}, {"scales", {weight[1]}, 0.004, 0.01}};
  return result;
}

}  // namespace

TEST_CASE("quantized::conv_transpose2d") {
  std::vector<Case> cases;
  for (const char* arguments : {"[2, 2], [0, 0], [0, 0], [1, 1]", "[2, 2], [1, 1], [1, 1], [1, 1]",
                                "[1, 1], [1, 1], [0, 0], [2, 2]", "[2, 1], [1, 0], [0, 0], [1, 1]"}) {
    for (bool per_channel : {false, true}) {
      cases.push_back(transposed_case({1, 3, 5, 4}, {3, 4, 3, 3}, arguments, per_channel));
      cases.back().lowest_level = per_channel ? 3 : 2;
    }
    cases.push_back(transposed_case({1, 4, 5, 4}, {4, 3, 3, 3}, arguments, false, 2));
  }
  require_all(cases);
}

TEST_CASE("quantized::conv_transpose1d") {
  std::vector<Case> cases;
  for (const char* arguments : {"[2], [0], [0], [1]", "[2], [1], [1], [1]", "[1], [1], [0], [2]"})
    for (bool per_channel : {false, true}) {
      cases.push_back(transposed_case({2, 3, 7}, {3, 4, 3}, arguments, per_channel));
      cases.back().lowest_level = per_channel ? 3 : 2;
    }
  require_all(cases);
}

TEST_CASE("quantized::linear") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{3, 10}, {2, 3, 10}})
    for (bool per_channel : {false, true})
      for (const char* relu : {"", "_relu"})
        for (const Scale& output : {Scale{0.05, 100}, {0.02, 0}}) {
          Case each;
          each.body = quantized_weight(per_channel, 5) +
                      "p = quantized.linear_prepack(w, self.bias)\n  return quantized.linear" + relu + "(x, p, " +
                      output.text() + ")";
          each.inputs = {quantized_input("x", shape, 0.03f, 131)};
          each.attributes = {{"weight", {5, 10}}, {"bias", {5}}, {"scales", {5}, 0.004, 0.01}};
          each.lowest_level = per_channel ? 3 : 1;
          cases.push_back(each);
        }
  require_all(cases);
}

TEST_CASE("quantized::linear with float activations") {
  // PyTorch quantizes the activations as well, in 255 steps of their range; here they stay what they are.
  constexpr double steps = 0.02;
  require_all(
      {{"w = torch.quantize_per_tensor(self.weight, 0.008, 0, 12)\n  p = quantized.linear_prepack(w, self.bias)\n"
        "  return quantized.linear_dynamic(x, p, False)",
        {{"x", {3, 10}}},
        {{"weight", {5, 10}}, {"bias", {5}}},
        steps}});
}

TEST_CASE("quantized::batch_norm2d") {
  std::vector<Case> cases;
  for (const char* relu : {"", "_relu"})
    for (const Scale& output : {Scale{0.03, 120}, {0.01, 0}})
      cases.push_back({"return quantized.batch_norm2d" + std::string(relu) +
                           "(x, self.weight, self.bias, self.mean, self.var, 1e-5, " + output.text() + ")",
                       {quantized_input("x", {2, 5, 4, 3}, 0.02f, 100)},
                       {{"weight", {5}, -2, 2}, {"bias", {5}}, {"mean", {5}}, {"var", {5}, 0.5, 2}}});
  require_all(cases);
}

TEST_CASE("quantized::add and mul") {
  std::vector<Case> cases;
  for (const char* op : {"add", "add_relu", "mul", "mul_relu"})
    for (const Shape& shape : {Shape{7}, {2, 3}, {1, 3, 4, 5}})
      for (const Scale& output : {Scale{0.05, 100}, {0.02, 0}, {0.1, 250}}) {
        Case each{"return quantized." + std::string(op) + "(x, y, " + output.text() + ")",
                  {quantized_input("x", shape, 0.02f, 128), quantized_input("y", shape, 0.035f, 7)}};
        each.lowest_level = 1;
        cases.push_back(each);
      }
  require_all(some_of(cases, 18));
}

TEST_CASE("quantized::add and mul with a number") {
  std::vector<Case> cases;
  for (const char* op : {"add_scalar", "mul_scalar", "add_scalar_relu", "mul_scalar_relu"})
    for (const char* number : {"0.5", "-0.31", "3.0", "0.0"}) {
      Case each{"return quantized." + std::string(op) + "(x, " + number + ")",
                {quantized_input("x", {1, 3, 4, 5}, 0.02f, 128)}};
      each.lowest_level = 1;
      if (std::string(number) == "0.0" && std::string(op).find("mul") == 0) continue;  // the scale of the result is 0
      cases.push_back(each);
    }
  require_all(cases);
}

TEST_CASE("Concatenation of quantized tensors") {
  std::vector<Case> cases;
  for (const char* dimension : {"0", "1", "-1"})
    for (const Scale& output : {Scale{0.05, 100}, {0.02, 128}}) {
      Case each{"return quantized.cat([x, y], " + std::string(dimension) + ", " + output.text() + ")",
                {quantized_input("x", {1, 3, 4, 5}, 0.02f, 128), quantized_input("y", {1, 3, 4, 5}, 0.035f, 7)}};
      each.lowest_level = 1;
      cases.push_back(each);
    }
  Case same{"return torch.cat([x, y], 1)",
            {quantized_input("x", {1, 3, 4, 5}, 0.02f, 128), quantized_input("y", {1, 2, 4, 5}, 0.02f, 128)}};
  same.lowest_level = 1;
  cases.push_back(same);
  require_all(cases);
}

TEST_CASE("Activations of quantized tensors") {
  std::vector<Case> cases;
  const Tensor x = quantized_input("x", {1, 3, 5, 6}, 0.05f, 128);
  const auto add = [&](const std::string& body, int lowest_level) {
    Case each{"return " + body, {x}};
    each.lowest_level = lowest_level;
    cases.push_back(each);
  };
  add("torch.relu(x)", 1);
  add("torch.hardtanh(x, 0.0, 6.0)", 1);
  add("torch.hardtanh(x, -1.0, 2.0)", 3);
  add("torch.clamp(x, -1.0, 2.5)", 3);
  add("torch.leaky_relu(x, 0.1)", 3);
  add("torch.clamp(x, -1.0, None)", 3);
  add("torch.clamp(x, None, 1.5)", 3);
  add("torch.clamp(x, 0.0)", 1);
  add("torch.sigmoid(x)", 1);
  add("quantized.sigmoid(x, 0.00390625, 0)", 1);
  add("quantized.sigmoid(x, 0.02, 5)", 1);
  add("quantized.sigmoid(x, 0.0021, 20)", 3);
  add("torch.tanh(x)", 3);
  add("torch.hardsigmoid(x)", 1);
  add("quantized.hardswish(x, 0.03, 20)", 1);
  add("quantized.hardswish(x, 0.07, 20)", 1);
  add("quantized.hardswish(x, 0.0021, 20)", 3);
  add("quantized.leaky_relu(x, 0.2, False, 0.04, 90)", 3);
  add("quantized.elu(x, 0.05, 30, 1.0, 1.0, 1.0)", 3);
  require_all(cases);
}

// HARD_SWISH itself came with feature level 4.
TEST_CASE("A quantized hardswish is sums and products where these round alike, else a table") {
  const auto operations = [](float scale, const char* result_scale) {
    const Case each{"return quantized.hardswish(x, " + std::string(result_scale) + ", 20)",
                    {quantized_input("x", {1, 3, 5, 6}, scale, 128)}};
    return operations_of(each, 3, false);
  };
  const std::vector<std::string> table{"CAST", "GATHER"}, sums{"ADD", "MUL", "MUL"};
  CHECK(operations(0.02f, "0.01") == table);
  CHECK(operations(0.05f, "0.07") == sums);
  require_all(
      {{"return quantized.hardswish(x, 0.01, 20)", {quantized_input("x", {1, 3, 5, 6}, 0.02f, 128)}, {}, 0, 1}});
}

// QNNPACK would take their first channels for their first rows.
TEST_CASE("Clamps of quantized images whose channels are stored last") {
  std::vector<Case> cases;
  for (const char* clamp :
       {"torch.hardtanh(y, -1.0, 2.0)", "torch.hardtanh_(y, 0.0, 6.0)", "torch.clamp(y, -1.0, 2.5)", "torch.relu6(y)",
        "quantized.relu6(y)", "quantized.relu6(y, True)", "quantized.clamp(y, -1.0, 2.5)"})
    cases.push_back({"y = torch.contiguous(x, memory_format=2)\n  return " + std::string(clamp),
                     {quantized_input("x", {1, 3, 5, 6}, 0.05f, 128)}});
  // What is written in place is seen under its other name.
  cases.push_back({"y = torch.clone(x)\n  z = quantized.relu6(y, True)\n  return quantized.add(y, z, 0.06, 7)",
                   {quantized_input("x", {1, 3, 5, 6}, 0.05f, 128)}});
  for (Case& each : cases) each.levels = {3, 4};
  require_all(cases);
}

TEST_CASE("Quantized operators that are computed on floats") {
  std::vector<Case> cases;
  const auto add = [&](const std::string& body, std::vector<Tensor> attributes = {}) {
    cases.push_back({"return " + body, {quantized_input("x", {2, 4, 5, 6}, 0.05f, 128)}, std::move(attributes)});
  };
  add("quantized.layer_norm(x, [5, 6], self.w, self.b, 1e-5, 0.03, 110)", {{"w", {5, 6}}, {"b", {5, 6}}});
  add("quantized.group_norm(x, 2, self.w, self.b, 1e-5, 0.03, 110)", {{"w", {4}}, {"b", {4}}});
  add("quantized.instance_norm(x, self.w, self.b, 1e-5, 0.03, 110)", {{"w", {4}}, {"b", {4}}});
  add("quantized.threshold(x, 0.5, 0.2)");
  add("quantized.prelu(x, torch.quantize_per_tensor(self.w, 0.01, 3, 13), 0.03, 110)", {{"w", {4}, 0, 1}});
  add("quantized.matmul(x, torch.transpose(x, 2, 3), 0.6, 90)");
  add("quantized.celu(x, 0.05, 30, 1.5)");
  add("torch.exp(torch.dequantize(x))");
  require_all(cases);
}

TEST_CASE("Quantized tensors are pooled, averaged and resized") {
  std::vector<Case> cases;
  const auto add = [&](const std::string& body, int lowest_level, Shape shape = {1, 3, 8, 6}) {
    Case each{"return " + body, {quantized_input("x", shape, 0.05f, 71)}};
    each.lowest_level = lowest_level;
    cases.push_back(each);
  };
  add("torch.max_pool2d(x, [3, 3], [2, 2], [1, 1])", 2);
  add("torch.avg_pool2d(x, [2, 2])", 2);
  add("torch.avg_pool2d(x, [3, 3], [1, 1], [1, 1], False, False)", 2);
  add("torch.avg_pool2d(x, [3, 3], [2, 2], [1, 1])", 2);
  add("torch.adaptive_avg_pool2d(x, [1, 1])", 3);
  add("torch.adaptive_avg_pool2d(x, [4, 3])", 3);
  add("torch.mean(x, [2, 3], True)", 3);
  add("torch.upsample_nearest2d(x, [16, 12])", 3);
  add("torch.upsample_bilinear2d(x, [16, 12], False)", 3);
  add("torch.upsample_bilinear2d(x, [15, 11], True)", 3);
  require_all(cases);
}

TEST_CASE("Quantized tensors are moved as they are") {
  std::vector<Case> cases;
  const auto add = [&](const std::string& body, int lowest_level) {
    Case each{"return " + body, {quantized_input("x", {1, 4, 3, 6}, 0.05f, 71)}};
    each.lowest_level = lowest_level;
    cases.push_back(each);
  };
  add("torch.reshape(x, [2, -1])", 2);
  add("torch.permute(x, [0, 2, 3, 1])", 2);
  add("torch.transpose(x, 1, 2)", 2);
  add("torch.flatten(x, 1)", 2);
  add("torch.slice(x, 1, 1, 3)", 2);
  add("torch.select(x, 1, 2)", 2);
  add("torch.split(x, 2, 1)", 2);
  add("torch.chunk(x, 2, 3)", 2);
  add("torch.constant_pad_nd(x, [1, 2, 0, 1], 0)", 1);
  add("torch.pixel_shuffle(x, 2)", 2);
  require_all(cases);
}

TEST_CASE("Quantize and dequantize") {
  std::vector<Case> cases;
  const Tensor floats{"x", {1, 3, 4, 5}, -3, 3};
  for (const char* type : {quint8, qint8})
    cases.push_back({"return torch.quantize_per_tensor(x, 0.02, 5, " + std::string(type) + ")", {floats}});
  Case dequantized{"return torch.dequantize(x)", {quantized_input("x", {1, 3, 4, 5}, 0.05f, 71)}};
  dequantized.lowest_level = 1;
  cases.push_back(dequantized);
  cases.push_back({"return torch.dequantize(x)", {signed_input("x", {1, 3, 4, 5}, 0.05f, -71)}});
  cases.back().lowest_level = 1;
  cases.push_back({"return torch.int_repr(x)", {quantized_input("x", {2, 7}, 0.05f, 71)}});
  require_all(cases);
}

TEST_CASE("Signed quantized tensors") {
  std::vector<Case> cases;
  const Tensor x = signed_input("x", {1, 3, 4, 6}, 0.05f, -7), y = signed_input("y", {1, 3, 4, 6}, 0.02f, 100);
  const auto add = [&](const std::string& body, int lowest_level) {
    Case each{"return " + body, {x}};
    each.lowest_level = lowest_level;
    cases.push_back(each);
  };
  add("torch.relu(x)", 1);
  add("torch.max_pool2d(x, [2, 2])", 2);
  add("torch.sigmoid(x)", 1);
  add("torch.constant_pad_nd(x, [1, 2, 0, 1], 0)", 1);
  Case sum{"return quantized.add(x, y, 0.06, 3)", {x, y}};
  sum.lowest_level = 1;
  cases.push_back(sum);
  require_all(cases);
}

TEST_CASE("What a quantized model asks of floats is reported, and what NNAPI lacks is refused") {
  require_refused({"return torch.dequantize(torch.quantize_per_channel(x, self.s, torch.zeros([3], dtype=4), 1, 12))",
                   {{"x", {2, 3}}},
                   {{"s", {3}, 0.01, 0.02}}},
                  "for weights only");
  require_refused({"w = torch.quantize_per_channel(self.weight, self.scales, torch.ones([5], dtype=4), 0, 12)\n"
                   "  p = quantized.linear_prepack(w, None)\n  return quantized.linear(x, p, 0.1, 0)",
                   {quantized_input("x", {3, 10}, 0.03f, 131)},
                   {{"weight", {5, 10}}, {"scales", {5}, 0.004, 0.01}}},
                  "zero points other than 0");
}
