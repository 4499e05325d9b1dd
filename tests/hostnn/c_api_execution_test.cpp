// Compilations and executions: their settings, arguments, states and padded buffers.
#include "c_api_fixture.h"

using namespace passerelle::testing;

TEST_CASE("an operation that the host lacks is named") {
  const client::Model model = client::make_model();
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {4, 2}) == 0);  // hash functions
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_INT32, {3}) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, {3}) == 0);  // weights, left out
  REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_INT32, {4}) == 0);
  const int32_t sparse = 3;
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 2, nullptr, 0) == 0);
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 3, &sparse, sizeof sparse) == 0);
  REQUIRE(add_operation(model.get(), projection_code, {0, 1, 2, 3}, {4}) == 0);
  REQUIRE(identify(model.get(), {0, 1}, {4}) == 0);
  REQUIRE(ANeuralNetworksModel_finish(model.get()) == 0);
  const ANeuralNetworksDevice* const devices[] = {client::device()};
  bool supported = true;
  REQUIRE(ANeuralNetworksModel_getSupportedOperationsForDevices(model.get(), devices, 1, &supported) == 0);
  CHECK_FALSE(supported);
  ANeuralNetworksCompilation* handle = nullptr;
  REQUIRE(ANeuralNetworksCompilation_create(model.get(), &handle) == 0);
  const client::Compilation compilation(handle);
  CHECK(ANeuralNetworksCompilation_finish(handle) == ANEURALNETWORKS_OP_FAILED);
  CHECK(std::string(passerelle_hostnn_last_error()).find("LSH_PROJECTION") != std::string::npos);
  ANeuralNetworksExecution* execution = nullptr;
  CHECK(ANeuralNetworksExecution_create(handle, &execution) == ANEURALNETWORKS_BAD_STATE);
}

TEST_CASE("settings of a compilation") {
  const client::Model model = sum();
  ANeuralNetworksCompilation* handle = nullptr;
  REQUIRE(ANeuralNetworksCompilation_create(model.get(), &handle) == 0);
  const client::Compilation compilation(handle);
  const uint8_t token[ANEURALNETWORKS_BYTE_SIZE_OF_CACHE_TOKEN] = {};
  CHECK(ANeuralNetworksCompilation_setPreference(handle, 3) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksCompilation_setPreference(handle, ANEURALNETWORKS_PREFER_SUSTAINED_SPEED) == 0);
  CHECK(ANeuralNetworksCompilation_setPriority(handle, 95) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksCompilation_setPriority(handle, ANEURALNETWORKS_PRIORITY_HIGH) == 0);
  CHECK(ANeuralNetworksCompilation_setTimeout(handle, 1000) == ANEURALNETWORKS_BAD_DATA);  // no list of devices
  CHECK(ANeuralNetworksCompilation_setCaching(handle, "/nowhere", token) == 0);
  uint32_t padding = 0;
  CHECK(ANeuralNetworksCompilation_getPreferredMemoryPaddingForInput(handle, 0, &padding) == ANEURALNETWORKS_BAD_STATE);
  ANeuralNetworksExecution* execution = nullptr;
  CHECK(ANeuralNetworksExecution_create(handle, &execution) == ANEURALNETWORKS_BAD_STATE);
  ANeuralNetworksBurst* burst = nullptr;
  CHECK(ANeuralNetworksBurst_create(handle, &burst) == ANEURALNETWORKS_BAD_STATE);
  REQUIRE(ANeuralNetworksCompilation_finish(handle) == 0);
  CHECK(ANeuralNetworksCompilation_finish(handle) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksCompilation_setPreference(handle, 0) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksCompilation_setPriority(handle, ANEURALNETWORKS_PRIORITY_LOW) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksCompilation_setCaching(handle, "/nowhere", token) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksCompilation_getPreferredMemoryPaddingForInput(handle, 2, &padding) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksCompilation_getPreferredMemoryAlignmentForOutput(handle, 0, &padding) == 0);
  CHECK(padding == 1);
}

TEST_CASE("arguments of an execution") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  float values[8] = {};
  const auto set_input = [&](int32_t index, const ANeuralNetworksOperandType* type, size_t length) {
    return ANeuralNetworksExecution_setInput(execution.get(), index, type, values, length);
  };
  const auto set_output = [&](int32_t index, size_t length) {
    return ANeuralNetworksExecution_setOutput(execution.get(), index, nullptr, values, length);
  };
  CHECK(set_input(2, nullptr, 16) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_input(-1, nullptr, 16) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_input(0, nullptr, 12) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_input(0, nullptr, 20) == ANEURALNETWORKS_BAD_DATA);  // padding is not enabled
  CHECK(set_input(0, nullptr, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_input(0, Type(OperandType::TENSOR_FLOAT32, {4, 1}), 16) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_input(0, Type(OperandType::TENSOR_FLOAT32, {2}), 8) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_input(0, Type(OperandType::TENSOR_FLOAT32, {2, 0}), 16) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_output(1, 16) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_output(0, 12) == ANEURALNETWORKS_BAD_DATA);
  CHECK(set_output(0, size_t{1} << 33) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(set_input(0, Type(OperandType::TENSOR_FLOAT32, {2, 2}), 16) == 0);
  CHECK(set_input(0, nullptr, 16) == ANEURALNETWORKS_BAD_STATE);  // set already
  CHECK(ANeuralNetworksExecution_enableInputAndOutputPadding(execution.get(), true) == ANEURALNETWORKS_BAD_STATE);
  REQUIRE(set_output(0, 16) == 0);
  CHECK(ANeuralNetworksExecution_compute(execution.get()) == ANEURALNETWORKS_BAD_DATA);  // an input is missing
  CHECK(set_input(1, nullptr, 16) == ANEURALNETWORKS_BAD_STATE);                         // it has run
}

TEST_CASE("the states of an execution") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  Numbers numbers;
  uint32_t rank = 0;
  uint32_t dimensions[2] = {};
  CHECK(ANeuralNetworksExecution_getOutputOperandRank(execution.get(), 0, &rank) == ANEURALNETWORKS_BAD_STATE);
  SECTION("once") {
    numbers.set(execution.get());
    REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
    CHECK(numbers.is_right());
    CHECK(ANeuralNetworksExecution_compute(execution.get()) == ANEURALNETWORKS_BAD_STATE);
    CHECK(ANeuralNetworksExecution_setReusable(execution.get(), true) == ANEURALNETWORKS_BAD_STATE);
    REQUIRE(ANeuralNetworksExecution_getOutputOperandRank(execution.get(), 0, &rank) == 0);
    CHECK(rank == 2);
    REQUIRE(ANeuralNetworksExecution_getOutputOperandDimensions(execution.get(), 0, dimensions) == 0);
    CHECK(dimensions[0] == 2);
    CHECK(dimensions[1] == 2);
    CHECK(ANeuralNetworksExecution_getOutputOperandRank(execution.get(), 1, &rank) == ANEURALNETWORKS_BAD_DATA);
  }
  SECTION("again and again, with what the buffers hold then") {
    REQUIRE(ANeuralNetworksExecution_setReusable(execution.get(), true) == 0);
    numbers.set(execution.get());
    for (int i = 0; i < 3; ++i) {
      numbers.a[0] += 100;
      REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
      CHECK(numbers.is_right());
    }
  }
}

TEST_CASE("padded buffers") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksExecution_enableInputAndOutputPadding(execution.get(), true) == 0);
  const float padded[6] = {1, 2, 3, 4, -1, -1};
  float result[6] = {0, 0, 0, 0, 7, 7};
  for (int i = 0; i < 2; ++i)
    REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), i, nullptr, padded, sizeof padded) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, result, sizeof result) == 0);
  REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
  CHECK(std::vector<float>(result, result + 6) == std::vector<float>{2, 4, 6, 8, 7, 7});
}

TEST_CASE("time is measured where one device was chosen") {
  const client::Model model = sum();
  const client::Compilation any = compiled(model.get());
  const client::Compilation chosen = compiled(model.get(), true);
  const client::Execution of_any = execution_of(any.get());
  CHECK(ANeuralNetworksExecution_setMeasureTiming(of_any.get(), true) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setTimeout(of_any.get(), 1000) == ANEURALNETWORKS_BAD_DATA);
  const client::Execution execution = execution_of(chosen.get());
  uint64_t duration = 0;
  CHECK(ANeuralNetworksExecution_getDuration(execution.get(), 9, &duration) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_getDuration(execution.get(), 0, &duration) == ANEURALNETWORKS_BAD_STATE);
  CHECK(duration == UINT64_MAX);
  Numbers numbers;
  SECTION("measured") {
    REQUIRE(ANeuralNetworksExecution_setMeasureTiming(execution.get(), true) == 0);
    numbers.set(execution.get());
    REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
    REQUIRE(ANeuralNetworksExecution_getDuration(execution.get(), ANEURALNETWORKS_DURATION_IN_DRIVER, &duration) == 0);
    CHECK(duration > 0);
    CHECK(duration < UINT64_MAX);
  }
  SECTION("too late") {
    REQUIRE(ANeuralNetworksExecution_setTimeout(execution.get(), 1) == 0);
    numbers.set(execution.get());
    CHECK(ANeuralNetworksExecution_compute(execution.get()) == ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT);
  }
}

TEST_CASE("sizes that are known at execution only") {
  const client::Model model = sum({0, 2});
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  Numbers numbers;
  const Type type(OperandType::TENSOR_FLOAT32, {2, 2});
  CHECK(ANeuralNetworksExecution_setInput(execution.get(), 0, nullptr, numbers.a, 16) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), 0, type, numbers.a, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), 1, type, numbers.b, 16) == 0);
  uint32_t dimensions[2] = {};
  SECTION("enough room") {
    REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, numbers.result, 16) == 0);
    REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
    CHECK(numbers.is_right());
  }
  SECTION("too little room") {
    REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, numbers.result, 8) == 0);
    CHECK(ANeuralNetworksExecution_compute(execution.get()) == ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE);
    CHECK(ANeuralNetworksExecution_getOutputOperandDimensions(execution.get(), 0, dimensions) ==
          ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE);
    CHECK(dimensions[0] == 2);
    CHECK(dimensions[1] == 2);
    CHECK(numbers.result[0] == 0);
  }
  SECTION("a size that contradicts what comes out") {
    const Type wrong(OperandType::TENSOR_FLOAT32, {3, 2});
    float more[6] = {};
    REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, wrong, more, 24) == 0);
    CHECK(ANeuralNetworksExecution_compute(execution.get()) == ANEURALNETWORKS_OP_FAILED);
  }
}

TEST_CASE("shapes that do not broadcast fail, and say so") {
  const client::Model model = sum({0});
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  const float values[3] = {1, 2, 3};
  float result[3] = {};
  REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), 0, Type(OperandType::TENSOR_FLOAT32, {2}), values, 8) ==
          0);
  REQUIRE(ANeuralNetworksExecution_setInput(execution.get(), 1, Type(OperandType::TENSOR_FLOAT32, {3}), values, 12) ==
          0);
  REQUIRE(ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, result, 12) == 0);
  CHECK(ANeuralNetworksExecution_compute(execution.get()) == ANEURALNETWORKS_OP_FAILED);
  CHECK(std::string(passerelle_hostnn_last_error()).find("operation 0 (ADD)") != std::string::npos);
}
