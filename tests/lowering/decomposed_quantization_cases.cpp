#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr const char* uint8_type = "0, 255, 0";
constexpr const char* int8_type = "-128, 127, 1";
constexpr const char* narrow_int8_type = "-127, 127, 1";

/// torch.round takes halves to the even integer, Android's QUANTIZE away from zero: values of the tests hit none.
std::string quantized(const std::string& value, const std::string& scale, const char* type) {
  return "quantized_decomposed.quantize_per_tensor(" + value + ", " + scale + ", " + type + ")";
}
std::string dequantized(const std::string& value, const std::string& scale, const char* type) {
  return "quantized_decomposed.dequantize_per_tensor(" + value + ", " + scale + ", " + type + ")";
}

const Tensor image{"x", {1, 3, 4, 5}, -4, 4};

}  // namespace

TEST_CASE("quantized_decomposed: a pair of quantize and dequantize is QUANTIZE and DEQUANTIZE") {
  std::vector<Case> cases;
  for (const char* type : {uint8_type, int8_type, narrow_int8_type})
    for (const char* scale : {"0.03, 3", "0.017, 11"}) {
      cases.push_back({"return " + dequantized(quantized("x", scale, type), scale, type), {image}});
      // With another scale behind it the integers are read as they are.
      cases.push_back({"return " + dequantized(quantized("x", scale, type), "0.02, 1", type), {image}});
    }
  for (Case& test : cases) test.tolerance = 1e-6;
  require_all(cases);
  CHECK(operations_of(
            {"return " + dequantized(quantized("x", "0.03, 3", uint8_type), "0.03, 3", uint8_type), {{"x", {2, 3}}}}, 3,
            false) == std::vector<std::string>{"QUANTIZE", "DEQUANTIZE"});
}

TEST_CASE("quantized_decomposed: integers that the model returns, or is given") {
  std::vector<Case> cases;
  for (const char* type : {uint8_type, int8_type})
    cases.push_back({"return " + quantized("x", "0.03, 3", type) + ".to(3)", {image}});
  cases.push_back({"return " + dequantized("x", "0.03, 3", uint8_type), {{"x", {2, 3}, 0, 256, ElementType::uint8}}});
  cases.push_back({"return quantized_decomposed.dequantize_per_channel(x, self.s, self.z, 1, 0, 255, 0)",
                   {{"x", {2, 3, 4}, 0, 256, ElementType::uint8}},
                   {{"s", {3}, 0.01, 0.1}, {"z", {3}, 0, 200, ElementType::int64}}});
  require_all(cases);
}

TEST_CASE("quantized_decomposed: a layer with weights of a scale for each channel") {
  const std::string weight = "quantized_decomposed.dequantize_per_channel(self.w.to(1), self.s, None, 0, -127, 127, 1)";
  const std::string input = dequantized(quantized("x", "0.03, 131", uint8_type), "0.03, 131", uint8_type);
  Case test{"y = torch.conv2d(" + input + ", " + weight + ")\n  return torch.relu(y)",
            {image},
            {{"w", {4, 3, 2, 2}, -127, 127, ElementType::int32}, {"s", {4}, 0.001, 0.01}}};
  require_all({test});
}

TEST_CASE("quantized_decomposed: what NNAPI has no type for is refused") {
  require_refused({"return quantized_decomposed.quantize_per_tensor(x, 0.01, 0, -32768, 32767, 2)", {{"x", {2}}}},
                  "activations have 8 bits");
  require_refused({"return quantized_decomposed.quantize_per_channel(x, self.s, self.z, 0, 0, 255, 0)",
                   {{"x", {2}}},
                   {{"s", {2}, 0.1, 0.2}, {"z", {2}, 0, 5, ElementType::int64}}},
                  "for weights only");
}
