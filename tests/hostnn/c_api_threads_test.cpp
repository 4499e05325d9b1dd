// One compilation, many threads.
#include <thread>

#include "c_api_fixture.h"

using namespace passerelle::testing;

namespace {

/// 3×3 filters on an image of 32×32×8: operand 0 is the input, the last one the output of the same size.
struct ConvolutionModel {
  static constexpr size_t count = 32 * 32 * 8;

  ConvolutionModel() : filter(8 * 3 * 3 * 8), bias(8, 0.5f), model(client::make_model()) {
    for (size_t i = 0; i < filter.size(); ++i) filter[i] = static_cast<float>(i % 17) / 16.0f - 0.5f;
    const int32_t integers[] = {1, 1, 1, 1, 1, 1, ANEURALNETWORKS_FUSED_RELU6};
    std::vector<uint32_t> inputs{0, 1, 2};
    REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {1, 32, 32, 8}) == 0);
    REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {8, 3, 3, 8}) == 0);
    REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {8}) == 0);
    REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 1, filter.data(), 4 * filter.size()) == 0);
    REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 2, bias.data(), 4 * bias.size()) == 0);
    for (const int32_t& integer : integers) {
      inputs.push_back(static_cast<uint32_t>(inputs.size()));
      REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
      REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), inputs.back(), &integer, sizeof integer) == 0);
    }
    const auto output = static_cast<uint32_t>(inputs.size());
    REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {1, 32, 32, 8}) == 0);
    REQUIRE(add_operation(model.get(), static_cast<int32_t>(OperationType::CONV_2D), inputs, {output}) == 0);
    REQUIRE(identify(model.get(), {0}, {output}) == 0);
    REQUIRE(ANeuralNetworksModel_finish(model.get()) == 0);
  }

  std::vector<float> filter;
  std::vector<float> bias;
  client::Model model;
};

/// Whether the execution went well. No assertions, as Catch allows them in one thread only.
bool convolve(ANeuralNetworksCompilation* compilation, const std::vector<float>& input, std::vector<float>& result) {
  ANeuralNetworksExecution* execution = nullptr;
  int code = ANeuralNetworksExecution_create(compilation, &execution);
  const client::Execution owned(execution);
  code |= ANeuralNetworksExecution_setInput(execution, 0, nullptr, input.data(), 4 * input.size());
  code |= ANeuralNetworksExecution_setOutput(execution, 0, nullptr, result.data(), 4 * result.size());
  code |= ANeuralNetworksExecution_compute(execution);
  return code == 0;
}

std::vector<float> picture(int seed) {
  std::vector<float> values(ConvolutionModel::count);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>((i * (seed + 3)) % 29) / 29.0f;
  return values;
}

}  // namespace

TEST_CASE("one compilation runs in many threads") {
  const ConvolutionModel convolution;
  const client::Compilation compilation = compiled(convolution.model.get());
  constexpr int thread_count = 8;
  std::vector<std::vector<float>> alone(thread_count, std::vector<float>(ConvolutionModel::count));
  for (int i = 0; i < thread_count; ++i) REQUIRE(convolve(compilation.get(), picture(i), alone[i]));
  std::vector<int> failures(thread_count);
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      const std::vector<float> input = picture(i);
      for (int run = 0; run < 20; ++run) {
        std::vector<float> result(ConvolutionModel::count);
        if (!convolve(compilation.get(), input, result) || result != alone[i]) ++failures[i];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == std::vector<int>(thread_count));
}
