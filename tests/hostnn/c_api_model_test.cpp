// Building a model: what the C functions refuse, and with which code, as Android does.
#include <algorithm>

#include "c_api_fixture.h"

using namespace passerelle::testing;

TEST_CASE("operands are checked as they are added") {
  const client::Model model = client::make_model();
  const auto add = [&](const ANeuralNetworksOperandType* type) {
    return ANeuralNetworksModel_addOperand(model.get(), type);
  };
  const uint32_t two[] = {2, 2};
  CHECK(add(Type(OperandType::INT32, {1})) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add(Type(OperandType::TENSOR_FLOAT32, {2}, 0.5f)) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add(Type(OperandType::TENSOR_QUANT8_ASYMM, {2}, 0.5f, 256)) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add(Type(OperandType::TENSOR_QUANT8_ASYMM, {2}, -1.0f, 0)) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add(Type(OperandType::TENSOR_FLOAT32, {65536, 65536})) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add(Type(OperandType::TENSOR_FLOAT32, {4294967295, 4294967295, 4294967295, 4294967295})) ==
        ANEURALNETWORKS_BAD_DATA);
  const ANeuralNetworksOperandType null_dimensions{3, 2, nullptr, 0, 0};
  CHECK(add(&null_dimensions) == ANEURALNETWORKS_BAD_DATA);
  const ANeuralNetworksOperandType no_dimensions{3, 0, two, 0, 0};
  CHECK(add(&no_dimensions) == ANEURALNETWORKS_BAD_DATA);
  const ANeuralNetworksOperandType unknown_code{99, 2, two, 0, 0};
  CHECK(add(&unknown_code) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add(Type(OperandType::TENSOR_FLOAT32, {0, 3})) == 0);
  CHECK(add(Type(OperandType::TENSOR_FLOAT32)) == 0);
}

TEST_CASE("values of operands") {
  const client::Model model = client::make_model();
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {2}) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {0}) == 0);
  const float values[3] = {1, 2, 3};
  const auto set = [&](int32_t index, const void* data, size_t length) {
    return ANeuralNetworksModel_setOperandValue(model.get(), index, data, length);
  };
  CHECK(set(0, values, 12) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set(0, values, 4) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set(0, values, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set(1, values, 4) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set(2, values, 8) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set(-1, values, 8) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set(0, values, 8) == 0);

  const client::Memory memory = client::make_memory(std::vector<unsigned char>(16));
  const auto from_memory = [&](size_t offset, size_t length) {
    return ANeuralNetworksModel_setOperandValueFromMemory(model.get(), 0, memory.get(), offset, length);
  };
  CHECK(from_memory(12, 8) == ANEURALNETWORKS_BAD_DATA);
  CHECK(from_memory(SIZE_MAX - 3, 8) == ANEURALNETWORKS_BAD_DATA);
  CHECK(from_memory(0, 4) == ANEURALNETWORKS_BAD_DATA);
  CHECK(from_memory(8, 8) == 0);

  const ANeuralNetworksSymmPerChannelQuantParams parameters{0, 2, values};
  CHECK(ANeuralNetworksModel_setOperandSymmPerChannelQuantParams(model.get(), 0, &parameters) ==
        ANEURALNETWORKS_BAD_DATA);
  const client::Model unfinished = client::make_model();
  CHECK(ANeuralNetworksModel_setOperandValueFromModel(model.get(), 0, unfinished.get()) == ANEURALNETWORKS_BAD_STATE);
}

TEST_CASE("small values are copied at once") {
  const client::Model model = client::make_model();
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {4}) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {4}) == 0);
  REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {4}) == 0);
  float constant[4] = {10, 20, 30, 40};
  int32_t activation = ANEURALNETWORKS_FUSED_NONE;
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 1, constant, sizeof constant) == 0);
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 2, &activation, sizeof activation) == 0);
  std::fill(std::begin(constant), std::end(constant), -1.0f);
  activation = 77;
  REQUIRE(add_operation(model.get(), add_code, {0, 1, 2}, {3}) == 0);
  REQUIRE(identify(model.get(), {0}, {3}) == 0);
  REQUIRE(ANeuralNetworksModel_finish(model.get()) == 0);
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  const float input[4] = {1, 2, 3, 4};
  float result[4] = {};
  REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), 0, nullptr, input, sizeof input) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, result, sizeof result) == 0);
  REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
  CHECK(std::vector<float>(result, result + 4) == std::vector<float>{11, 22, 33, 44});
}

TEST_CASE("operations are checked as they are added") {
  const client::Model model = client::make_model();
  for (int i = 0; i < 3; ++i) REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {2}) == 0);
  REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
  CHECK(add_operation(model.get(), 106, {0, 1, 3}, {2}) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add_operation(model.get(), -1, {0, 1, 3}, {2}) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add_operation(model.get(), add_code, {0, 1, 4}, {2}) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add_operation(model.get(), add_code, {0, 1, 3}, {UINT32_MAX}) == ANEURALNETWORKS_BAD_DATA);
  CHECK(add_operation(model.get(), add_code, {0, 1}, {2}) == ANEURALNETWORKS_BAD_DATA);
  CHECK(std::string(passerelle_hostnn_last_error()).find("ADD") != std::string::npos);
  CHECK(add_operation(model.get(), add_code, {0, 1, 3}, {2}) == 0);
}

TEST_CASE("inputs and outputs are identified once, and are no constants") {
  const client::Model model = client::make_model();
  for (int i = 0; i < 3; ++i) REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {1}) == 0);
  const float value = 1;
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 1, &value, sizeof value) == 0);
  SECTION("a constant") { CHECK(identify(model.get(), {1}, {2}) == ANEURALNETWORKS_BAD_DATA); }
  SECTION("an input twice") { CHECK(identify(model.get(), {0, 0}, {2}) == ANEURALNETWORKS_BAD_DATA); }
  SECTION("an input as an output") { CHECK(identify(model.get(), {0}, {0}) == ANEURALNETWORKS_BAD_DATA); }
  SECTION("out of range") { CHECK(identify(model.get(), {0}, {3}) == ANEURALNETWORKS_BAD_DATA); }
}

TEST_CASE("a graph is checked when it is finished") {
  const client::Model model = client::make_model();
  // 0: input, 1: activation, 2 to 4: tensors
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {2}) == 0);
  REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
  for (int i = 0; i < 3; ++i) REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {2}) == 0);
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 1, &no_activation, sizeof no_activation) == 0);
  const auto finish = [&] { return ANeuralNetworksModel_finish(model.get()); };

  SECTION("operations may be added in any order") {
    REQUIRE(add_operation(model.get(), add_code, {2, 3, 1}, {4}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 2, 1}, {3}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 0, 1}, {2}) == 0);
    REQUIRE(identify(model.get(), {0}, {4}) == 0);
    REQUIRE(finish() == 0);
    const client::Compilation compilation = compiled(model.get());
    const client::Execution execution = execution_of(compilation.get());
    const float input[2] = {1, 10};
    float result[2] = {};
    REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), 0, nullptr, input, sizeof input) == 0);
    REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, result, sizeof result) == 0);
    REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
    CHECK(result[0] == 5);
    CHECK(result[1] == 50);
  }
  SECTION("a cycle") {
    REQUIRE(add_operation(model.get(), add_code, {0, 3, 1}, {2}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 2, 1}, {3}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 2, 1}, {4}) == 0);
    REQUIRE(identify(model.get(), {0}, {4}) == 0);
    CHECK(finish() == ANEURALNETWORKS_BAD_DATA);
  }
  SECTION("an operand written twice") {
    REQUIRE(add_operation(model.get(), add_code, {0, 0, 1}, {2}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 0, 1}, {2}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 2, 1}, {3}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {0, 2, 1}, {4}) == 0);
    REQUIRE(identify(model.get(), {0}, {4}) == 0);
    CHECK(finish() == ANEURALNETWORKS_BAD_DATA);
  }
  SECTION("an operand never written") {
    REQUIRE(add_operation(model.get(), add_code, {0, 0, 1}, {2}) == 0);
    REQUIRE(identify(model.get(), {0}, {2}) == 0);
    CHECK(finish() == ANEURALNETWORKS_BAD_DATA);
  }
  SECTION("an operation that writes an input") {
    REQUIRE(add_operation(model.get(), add_code, {0, 0, 1}, {2}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {2, 2, 1}, {3}) == 0);
    REQUIRE(add_operation(model.get(), add_code, {2, 2, 1}, {4}) == 0);
    REQUIRE(identify(model.get(), {0, 3}, {4}) == 0);
    CHECK(finish() == ANEURALNETWORKS_BAD_DATA);
  }
  SECTION("no operations") { CHECK(finish() == ANEURALNETWORKS_BAD_DATA); }
  SECTION("an invalid model stays invalid") {
    REQUIRE(finish() == ANEURALNETWORKS_BAD_DATA);
    CHECK(finish() == ANEURALNETWORKS_BAD_STATE);
    CHECK(add_operand(model.get(), OperandType::INT32) == ANEURALNETWORKS_BAD_STATE);
    ANeuralNetworksCompilation* compilation = nullptr;
    CHECK(ANeuralNetworksCompilation_create(model.get(), &compilation) == ANEURALNETWORKS_BAD_STATE);
    CHECK(compilation == nullptr);
  }
}

TEST_CASE("a finished model can't be changed") {
  const client::Model model = sum();
  CHECK(ANeuralNetworksModel_finish(model.get()) == ANEURALNETWORKS_BAD_STATE);
  CHECK(add_operand(model.get(), OperandType::INT32) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksModel_setOperandValue(model.get(), 2, &no_activation, 4) == ANEURALNETWORKS_BAD_STATE);
  CHECK(add_operation(model.get(), add_code, {0, 1, 2}, {3}) == ANEURALNETWORKS_BAD_STATE);
  CHECK(identify(model.get(), {0, 1}, {3}) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksModel_relaxComputationFloat32toFloat16(model.get(), true) == ANEURALNETWORKS_BAD_STATE);
}

TEST_CASE("an unfinished model can't be compiled or asked") {
  const client::Model model = unfinished_sum();
  ANeuralNetworksCompilation* compilation = nullptr;
  CHECK(ANeuralNetworksCompilation_create(model.get(), &compilation) == ANEURALNETWORKS_BAD_STATE);
  const ANeuralNetworksDevice* const devices[] = {client::device()};
  bool supported = false;
  CHECK(ANeuralNetworksModel_getSupportedOperationsForDevices(model.get(), devices, 1, &supported) ==
        ANEURALNETWORKS_BAD_STATE);
}

TEST_CASE("the models of IF must fit its arguments") {
  const auto finish_with = [](std::vector<uint32_t> dimensions_of_branch, bool leaves_an_argument_out) {
    const client::Model then = sum();
    const client::Model otherwise = sum(std::move(dimensions_of_branch));
    const client::Model model = client::make_model();
    REQUIRE(add_operand(model.get(), OperandType::TENSOR_BOOL8, {1}) == 0);
    for (int i = 0; i < 2; ++i) REQUIRE(add_operand(model.get(), OperandType::MODEL) == 0);
    for (int i = 0; i < 3; ++i) REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {2, 2}) == 0);
    REQUIRE(ANeuralNetworksModel_setOperandValueFromModel(model.get(), 1, then.get()) == 0);
    REQUIRE(ANeuralNetworksModel_setOperandValueFromModel(model.get(), 2, otherwise.get()) == 0);
    const std::vector<uint32_t> arguments =
        leaves_an_argument_out ? std::vector<uint32_t>{0, 1, 2, 3} : std::vector<uint32_t>{0, 1, 2, 3, 4};
    REQUIRE(add_operation(model.get(), static_cast<int32_t>(OperationType::IF), arguments, {5}) == 0);
    REQUIRE(identify(model.get(), {0, 3, 4}, {5}) == 0);
    return ANeuralNetworksModel_finish(model.get());
  };
  CHECK(finish_with({2, 2}, false) == ANEURALNETWORKS_NO_ERROR);
  CHECK(finish_with({0, 2}, false) == ANEURALNETWORKS_NO_ERROR);
  CHECK(finish_with({2, 3}, false) == ANEURALNETWORKS_BAD_DATA);
  CHECK(std::string(passerelle_hostnn_last_error()).find("IF") != std::string::npos);
  CHECK(finish_with({2, 2}, true) == ANEURALNETWORKS_BAD_DATA);
}
