// Quantized convolutions of shapes that Android's small golden models do not have, against sums in plain loops.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "catch.h"
#include "client.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"

namespace golden = passerelle::golden;
using passerelle::nnapi::OperandType;
using passerelle::nnapi::OperationType;

namespace {

constexpr uint32_t height = 9, width = 11;
constexpr float input_scale = 0.5f, output_scale = 4.0f;
constexpr int input_zero_point = 100, output_zero_point = 120;

/// A convolution of one image of 9 by 11 pixels, with padding on the left and at the bottom.
struct Case {
  OperationType operation;
  uint32_t inputs;
  uint32_t outputs;
  uint32_t groups;  // for DEPTHWISE_CONV_2D as many as inputs
  uint32_t filter;
  uint32_t stride;
  uint32_t dilation;
  bool per_channel;

  bool is_depthwise() const { return operation == OperationType::DEPTHWISE_CONV_2D; }
  uint32_t depth() const { return inputs / groups; }
  uint32_t padding() const { return (filter - 1) * dilation / 2; }
  uint32_t output_size(uint32_t size) const { return (size + padding() - (filter - 1) * dilation - 1) / stride + 1; }
  /// Where the weight of an output, a tap and one of the input channels that it sees lies.
  size_t weight(uint32_t output, uint32_t y, uint32_t x, uint32_t channel) const {
    if (is_depthwise()) return (y * filter + x) * outputs + output;
    return ((output * filter + y) * filter + x) * depth() + channel;
  }
};

std::vector<unsigned char> random_bytes(size_t count, std::mt19937& random) {
  std::vector<unsigned char> bytes(count);
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
  return bytes;
}

template <typename T>
std::vector<unsigned char> bytes_of(const std::vector<T>& values) {
  std::vector<unsigned char> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// Builds the model and works out what must come out of it.
class Builder {
 public:
  explicit Builder(const Case& what) : case_(what), random_(what.inputs * 31 + what.outputs) {
    model_.suite = "own";
    model_.name = "convolution";
    image_ = random_bytes(size_t{height} * width * case_.inputs, random_);
    weights_ = random_bytes(size_t{case_.outputs} * case_.filter * case_.filter * case_.depth(), random_);
    for (uint32_t i = 0; i < case_.outputs; ++i) {
      scales_.push_back(case_.per_channel ? 0.01f * static_cast<float>(i + 1) : 0.02f);
      bias_.push_back(static_cast<int32_t>(random_() % 2000) - 1000);
    }
  }

  golden::Model build() {
    add_tensors();
    const uint32_t padding = case_.padding();
    for (uint32_t value : {padding, 0u, 0u, padding, case_.stride, case_.stride}) add_scalar(value);
    if (case_.operation != OperationType::CONV_2D)
      add_scalar(case_.is_depthwise() ? case_.outputs / case_.inputs : case_.groups);
    add_scalar(0);  // no activation
    add_layout();
    if (case_.operation != OperationType::GROUPED_CONV_2D)
      for (int i = 0; i < 2; ++i) add_scalar(case_.dilation);
    golden::Operation operation;
    operation.code = static_cast<int32_t>(case_.operation);
    for (uint32_t i = 0; i < model_.main.operands.size(); ++i) operation.inputs.push_back(i);
    add_output();
    operation.outputs = {static_cast<uint32_t>(model_.main.operands.size() - 1)};
    model_.main.inputs = {0};
    model_.main.outputs = operation.outputs;
    model_.main.operations = {operation};
    return model_;
  }

 private:
  golden::Operand& add(OperandType type, std::vector<uint32_t> dimensions, golden::Lifetime lifetime,
                       std::vector<unsigned char> data) {
    golden::Operand operand;
    operand.type = static_cast<int32_t>(type);
    operand.dimensions = std::move(dimensions);
    operand.lifetime = lifetime;
    operand.data = std::move(data);
    model_.main.operands.push_back(std::move(operand));
    return model_.main.operands.back();
  }

  void add_scalar(uint32_t value) {
    add(OperandType::INT32, {}, golden::Lifetime::constant, bytes_of(std::vector<uint32_t>{value}));
  }
  void add_layout() { add(OperandType::BOOL, {}, golden::Lifetime::constant, {0}); }

  void add_tensors() {
    golden::Operand& image =
        add(OperandType::TENSOR_QUANT8_ASYMM, {1, height, width, case_.inputs}, golden::Lifetime::input, image_);
    image.scale = input_scale;
    image.zero_point = input_zero_point;
    const std::vector<uint32_t> shape =
        case_.is_depthwise() ? std::vector<uint32_t>{1, case_.filter, case_.filter, case_.outputs}
                             : std::vector<uint32_t>{case_.outputs, case_.filter, case_.filter, case_.depth()};
    if (case_.per_channel) {
      for (unsigned char& byte : weights_)
        if (byte == 0x80) byte = 0;  // -128 is no symmetric weight
      golden::Operand& weights =
          add(OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL, shape, golden::Lifetime::constant, weights_);
      weights.channel_scales = scales_;
      weights.channel_dimension = case_.is_depthwise() ? 3 : 0;
    } else {
      golden::Operand& weights = add(OperandType::TENSOR_QUANT8_ASYMM, shape, golden::Lifetime::constant, weights_);
      weights.scale = scales_[0];
      weights.zero_point = weight_zero_point;
    }
    golden::Operand& bias =
        add(OperandType::TENSOR_INT32, {case_.outputs}, golden::Lifetime::constant, bytes_of(bias_));
    bias.scale = case_.per_channel ? 0.0f : input_scale * scales_[0];
  }

  void add_output() {
    const uint32_t rows = case_.output_size(height), columns = case_.output_size(width);
    std::vector<unsigned char> expected;
    for (uint32_t y = 0; y < rows; ++y)
      for (uint32_t x = 0; x < columns; ++x)
        for (uint32_t output = 0; output < case_.outputs; ++output) expected.push_back(result(y, x, output));
    golden::Operand& operand = add(OperandType::TENSOR_QUANT8_ASYMM, {1, rows, columns, case_.outputs},
                                   golden::Lifetime::output, std::move(expected));
    operand.scale = output_scale;
    operand.zero_point = output_zero_point;
  }

  int weight(size_t index) const {
    return case_.per_channel ? static_cast<int8_t>(weights_[index]) : weights_[index] - weight_zero_point;
  }

  /// The output's integer, by real numbers.
  unsigned char result(uint32_t y, uint32_t x, uint32_t output) const {
    const uint32_t group = output / (case_.outputs / case_.groups);
    int64_t sum = bias_[output];
    for (uint32_t i = 0; i < case_.filter; ++i) {
      for (uint32_t j = 0; j < case_.filter; ++j) {
        // Padding is on the left and at the bottom.
        const int64_t row = int64_t{y} * case_.stride + i * case_.dilation;
        const int64_t column = int64_t{x} * case_.stride + j * case_.dilation - case_.padding();
        if (row >= height || column < 0 || column >= width) continue;
        for (uint32_t channel = 0; channel < case_.depth(); ++channel) {
          const size_t at = (row * width + column) * case_.inputs + group * case_.depth() + channel;
          sum += (image_[at] - input_zero_point) * weight(case_.weight(output, i, j, channel));
        }
      }
    }
    const double steps = static_cast<double>(sum) * input_scale * scales_[output] / output_scale;
    return static_cast<unsigned char>(std::clamp(std::round(steps) + output_zero_point, 0.0, 255.0));
  }

  static constexpr int weight_zero_point = 130;
  Case case_;
  std::mt19937 random_;
  golden::Model model_;
  std::vector<unsigned char> image_, weights_;
  std::vector<float> scales_;
  std::vector<int32_t> bias_;
};

}  // namespace

TEST_CASE("quantized convolutions of odd shapes") {
  constexpr OperationType conv = OperationType::CONV_2D, depthwise = OperationType::DEPTHWISE_CONV_2D,
                          grouped = OperationType::GROUPED_CONV_2D;
  const Case cases[] = {
      {conv, 16, 9, 1, 1, 1, 1, false},        {conv, 5, 4, 1, 3, 1, 1, false},
      {conv, 33, 7, 1, 3, 2, 1, true},         {conv, 3, 13, 1, 3, 1, 2, true},
      {depthwise, 20, 20, 20, 3, 1, 1, false}, {depthwise, 7, 21, 7, 3, 2, 1, true},
      {depthwise, 17, 17, 17, 3, 1, 2, true},  {grouped, 12, 8, 4, 3, 1, 1, false},
      {grouped, 34, 6, 2, 3, 2, 1, true},
  };
  for (const Case& what : cases) {
    const golden::Model model = Builder(what).build();
    const client::BuiltModel built = client::build(model, false);
    INFO(what.inputs << " to " << what.outputs << ": " << built.result.message);
    REQUIRE(built.result.ok());
    const client::BuiltCompilation compilation = client::compile(built);
    CHECK(client::difference(model, client::run(compilation, model, {})).empty());
  }
}
