// The C functions: what they refuse, and with which code, as Android does; and executions in threads.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "client.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"
#include "paths.h"

using passerelle::nnapi::OperandType;
using passerelle::nnapi::OperationType;

namespace {

constexpr int32_t add_code = static_cast<int32_t>(OperationType::ADD);
constexpr int32_t projection_code = static_cast<int32_t>(OperationType::LSH_PROJECTION);

/// An operand type with dimensions that live as long as it.
struct Type {
  Type(OperandType code, std::vector<uint32_t> sizes = {}, float scale = 0, int32_t zero_point = 0)
      : dimensions(std::move(sizes)) {
    value = {static_cast<int32_t>(code), static_cast<uint32_t>(dimensions.size()),
             dimensions.empty() ? nullptr : dimensions.data(), scale, zero_point};
  }
  Type(const Type&) = delete;
  operator const ANeuralNetworksOperandType*() const { return &value; }

  std::vector<uint32_t> dimensions;
  ANeuralNetworksOperandType value;
};

int add_operand(ANeuralNetworksModel* model, OperandType code, std::vector<uint32_t> dimensions = {}) {
  return ANeuralNetworksModel_addOperand(model, Type(code, std::move(dimensions)));
}

int add_operation(ANeuralNetworksModel* model, int32_t code, std::vector<uint32_t> inputs,
                  std::vector<uint32_t> outputs) {
  return ANeuralNetworksModel_addOperation(model, code, inputs.size(), inputs.data(), outputs.size(), outputs.data());
}

int identify(ANeuralNetworksModel* model, std::vector<uint32_t> inputs, std::vector<uint32_t> outputs) {
  return ANeuralNetworksModel_identifyInputsAndOutputs(model, inputs.size(), inputs.data(), outputs.size(),
                                                       outputs.data());
}

const int32_t no_activation = ANEURALNETWORKS_FUSED_NONE;

/// Operands 0 and 1 are the inputs, 2 the activation, 3 the sum; not finished.
client::Model unfinished_sum(std::vector<uint32_t> dimensions = {2, 2}) {
  client::Model model = client::make_model();
  for (int i = 0; i < 2; ++i) REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, dimensions) == 0);
  REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, dimensions) == 0);
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 2, &no_activation, sizeof no_activation) == 0);
  REQUIRE(add_operation(model.get(), add_code, {0, 1, 2}, {3}) == 0);
  REQUIRE(identify(model.get(), {0, 1}, {3}) == 0);
  return model;
}

client::Model sum(std::vector<uint32_t> dimensions = {2, 2}) {
  client::Model model = unfinished_sum(std::move(dimensions));
  REQUIRE(ANeuralNetworksModel_finish(model.get()) == 0);
  return model;
}

client::Compilation compiled(ANeuralNetworksModel* model, bool for_devices = false) {
  ANeuralNetworksCompilation* compilation = nullptr;
  const ANeuralNetworksDevice* const devices[] = {client::device()};
  const int made = for_devices ? ANeuralNetworksCompilation_createForDevices(model, devices, 1, &compilation)
                               : ANeuralNetworksCompilation_create(model, &compilation);
  REQUIRE(made == 0);
  client::Compilation owned(compilation);
  REQUIRE(ANeuralNetworksCompilation_finish(compilation) == 0);
  return owned;
}

client::Execution execution_of(ANeuralNetworksCompilation* compilation) {
  ANeuralNetworksExecution* execution = nullptr;
  REQUIRE(ANeuralNetworksExecution_create(compilation, &execution) == 0);
  return client::Execution(execution);
}

/// Four numbers in, four out.
struct Numbers {
  float a[4] = {1, 2, 3, 4};
  float b[4] = {10, 20, 30, 40};
  float result[4] = {};

  void set(ANeuralNetworksExecution* execution) {
    REQUIRE(ANeuralNetworksExecution_setInput(execution, 0, nullptr, a, sizeof a) == 0);
    REQUIRE(ANeuralNetworksExecution_setInput(execution, 1, nullptr, b, sizeof b) == 0);
    REQUIRE(ANeuralNetworksExecution_setOutput(execution, 0, nullptr, result, sizeof result) == 0);
  }
  bool is_right() const {
    for (int i = 0; i < 4; ++i)
      if (result[i] != a[i] + b[i]) return false;
    return true;
  }
};

/// Sets an environment variable for a scope.
struct Environment {
  Environment(const char* name, const char* value) : name(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name); }
  const char* name;
};

}  // namespace

TEST_CASE("null handles are UNEXPECTED_NULL") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  int64_t level = 0;
  const char* text = nullptr;
  const uint32_t index = 0;
  ANeuralNetworksEvent* event = nullptr;
  ANeuralNetworksMemory* memory = nullptr;
  ANeuralNetworksCompilation* made = nullptr;
  const uint8_t token[ANEURALNETWORKS_BYTE_SIZE_OF_CACHE_TOKEN] = {};
  const int codes[] = {
      ANeuralNetworks_getDeviceCount(nullptr),
      ANeuralNetworks_getDevice(0, nullptr),
      ANeuralNetworksDevice_getName(nullptr, &text),
      ANeuralNetworksDevice_getName(client::device(), nullptr),
      ANeuralNetworksDevice_getFeatureLevel(nullptr, &level),
      ANeuralNetworksDevice_wait(nullptr),
      ANeuralNetworksModel_create(nullptr),
      ANeuralNetworksModel_finish(nullptr),
      ANeuralNetworksModel_addOperand(nullptr, Type(OperandType::INT32)),
      ANeuralNetworksModel_addOperand(model.get(), nullptr),
      ANeuralNetworksModel_setOperandValue(model.get(), 0, nullptr, 4),
      ANeuralNetworksModel_setOperandValueFromMemory(model.get(), 0, nullptr, 0, 4),
      ANeuralNetworksModel_setOperandValueFromModel(model.get(), 0, nullptr),
      ANeuralNetworksModel_setOperandSymmPerChannelQuantParams(model.get(), 0, nullptr),
      ANeuralNetworksModel_addOperation(model.get(), add_code, 1, nullptr, 1, &index),
      ANeuralNetworksModel_addOperation(model.get(), add_code, 1, &index, 1, nullptr),
      ANeuralNetworksModel_identifyInputsAndOutputs(model.get(), 1, nullptr, 1, &index),
      ANeuralNetworksModel_relaxComputationFloat32toFloat16(nullptr, true),
      ANeuralNetworksModel_getSupportedOperationsForDevices(model.get(), nullptr, 1, nullptr),
      ANeuralNetworksCompilation_create(nullptr, &made),
      ANeuralNetworksCompilation_create(model.get(), nullptr),
      ANeuralNetworksCompilation_createForDevices(model.get(), nullptr, 1, &made),
      ANeuralNetworksCompilation_finish(nullptr),
      ANeuralNetworksCompilation_setPreference(nullptr, 0),
      ANeuralNetworksCompilation_setPriority(nullptr, ANEURALNETWORKS_PRIORITY_LOW),
      ANeuralNetworksCompilation_setTimeout(nullptr, 1),
      ANeuralNetworksCompilation_setCaching(compilation.get(), nullptr, token),
      ANeuralNetworksCompilation_setCaching(compilation.get(), "/tmp", nullptr),
      ANeuralNetworksCompilation_getPreferredMemoryPaddingForInput(compilation.get(), 0, nullptr),
      ANeuralNetworksExecution_create(nullptr, nullptr),
      ANeuralNetworksExecution_setInput(execution.get(), 0, nullptr, nullptr, 16),
      ANeuralNetworksExecution_setOutput(execution.get(), 0, nullptr, nullptr, 16),
      ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, nullptr, 0, 16),
      ANeuralNetworksExecution_setOutputFromMemory(execution.get(), 0, nullptr, nullptr, 0, 16),
      ANeuralNetworksExecution_compute(nullptr),
      ANeuralNetworksExecution_startCompute(nullptr, &event),
      ANeuralNetworksExecution_startCompute(execution.get(), nullptr),
      ANeuralNetworksExecution_startComputeWithDependencies(execution.get(), nullptr, 1, 0, &event),
      ANeuralNetworksExecution_burstCompute(execution.get(), nullptr),
      ANeuralNetworksExecution_getOutputOperandRank(execution.get(), 0, nullptr),
      ANeuralNetworksExecution_getOutputOperandDimensions(execution.get(), 0, nullptr),
      ANeuralNetworksExecution_getDuration(execution.get(), 0, nullptr),
      ANeuralNetworksExecution_setReusable(nullptr, true),
      ANeuralNetworksExecution_enableInputAndOutputPadding(nullptr, true),
      ANeuralNetworksExecution_setMeasureTiming(nullptr, true),
      ANeuralNetworksExecution_setTimeout(nullptr, 0),
      ANeuralNetworksExecution_setLoopTimeout(nullptr, 0),
      ANeuralNetworksEvent_wait(nullptr),
      ANeuralNetworksBurst_create(nullptr, nullptr),
      ANeuralNetworksMemory_createFromFd(16, PROT_READ, 0, 0, nullptr),
      ANeuralNetworksMemory_createFromAHardwareBuffer(nullptr, &memory),
      ANeuralNetworksMemory_createFromDesc(nullptr, &memory),
      ANeuralNetworksMemory_copy(nullptr, nullptr),
      ANeuralNetworksMemoryDesc_create(nullptr),
      ANeuralNetworksMemoryDesc_finish(nullptr),
      ANeuralNetworksMemoryDesc_addInputRole(nullptr, compilation.get(), 0, 1),
  };
  for (size_t i = 0; i < std::size(codes); ++i) {
    INFO("call " << i);
    CHECK(codes[i] == ANEURALNETWORKS_UNEXPECTED_NULL);
  }
  // Freeing null is allowed.
  ANeuralNetworksModel_free(nullptr);
  ANeuralNetworksCompilation_free(nullptr);
  ANeuralNetworksExecution_free(nullptr);
  ANeuralNetworksEvent_free(nullptr);
  ANeuralNetworksBurst_free(nullptr);
  ANeuralNetworksMemory_free(nullptr);
  ANeuralNetworksMemoryDesc_free(nullptr);
}

TEST_CASE("the device") {
  uint32_t count = 0;
  REQUIRE(ANeuralNetworks_getDeviceCount(&count) == 0);
  CHECK(count == 1);
  ANeuralNetworksDevice* none = nullptr;
  CHECK(ANeuralNetworks_getDevice(1, &none) == ANEURALNETWORKS_BAD_DATA);
  const char* name = nullptr;
  int32_t type = -1;
  REQUIRE(ANeuralNetworksDevice_getName(client::device(), &name) == 0);
  CHECK(std::string(name) == "passerelle-host");
  REQUIRE(ANeuralNetworksDevice_getType(client::device(), &type) == 0);
  CHECK(type == ANEURALNETWORKS_DEVICE_CPU);
  CHECK(ANeuralNetworks_getDefaultLoopTimeout() == 2'000'000'000);
  CHECK(ANeuralNetworks_getMaximumLoopTimeout() == 15'000'000'000);
}

TEST_CASE("the feature level can be lowered") {
  int64_t level = 0;
  REQUIRE(ANeuralNetworksDevice_getFeatureLevel(client::device(), &level) == 0);
  CHECK(level == 1000008);
  CHECK(ANeuralNetworks_getRuntimeFeatureLevel() == 1000008);
  const client::Model new_model = client::make_model();
  REQUIRE(add_operand(new_model.get(), OperandType::TENSOR_FLOAT32, {2}) == 0);
  REQUIRE(add_operand(new_model.get(), OperandType::TENSOR_FLOAT32, {2}) == 0);
  REQUIRE(add_operation(new_model.get(), static_cast<int32_t>(OperationType::ABS), {0}, {1}) == 0);
  REQUIRE(identify(new_model.get(), {0}, {1}) == 0);
  const client::Model old_model = unfinished_sum();

  const Environment old_phone("PASSERELLE_HOSTNN_FEATURE_LEVEL", "2");
  CHECK(ANeuralNetworks_getRuntimeFeatureLevel() == 28);
  CHECK(ANeuralNetworksModel_finish(new_model.get()) == ANEURALNETWORKS_BAD_DATA);
  CHECK(std::string(passerelle_hostnn_last_error()).find("ABS") != std::string::npos);
  CHECK(ANeuralNetworksModel_finish(old_model.get()) == 0);
}

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

TEST_CASE("lists of devices") {
  const client::Model model = sum();
  const ANeuralNetworksDevice* const once[] = {client::device()};
  const ANeuralNetworksDevice* const twice[] = {client::device(), client::device()};
  const ANeuralNetworksDevice* const none[] = {nullptr};
  ANeuralNetworksCompilation* compilation = nullptr;
  bool supported = false;
  CHECK(ANeuralNetworksCompilation_createForDevices(model.get(), once, 0, &compilation) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksCompilation_createForDevices(model.get(), twice, 2, &compilation) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksCompilation_createForDevices(model.get(), none, 1, &compilation) ==
        ANEURALNETWORKS_UNEXPECTED_NULL);
  REQUIRE(ANeuralNetworksModel_getSupportedOperationsForDevices(model.get(), once, 1, &supported) == 0);
  CHECK(supported);
}

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

TEST_CASE("memories from files") {
  ANeuralNetworksMemory* memory = nullptr;
  const int descriptor = memfd_create("test", 0);
  REQUIRE(ftruncate(descriptor, 16384) == 0);
  const auto create = [&](size_t size, int file, size_t offset) {
    const int code = ANeuralNetworksMemory_createFromFd(size, PROT_READ, file, offset, &memory);
    const client::Memory owned(memory);
    return code;
  };
  CHECK(create(0, descriptor, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(16, -1, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(16385, descriptor, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(4096, descriptor, 16384) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(SIZE_MAX, descriptor, 4096) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(16, descriptor, 5) == ANEURALNETWORKS_UNMAPPABLE);
  CHECK(memory == nullptr);
  CHECK(create(4096, descriptor, 4096) == 0);

  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksMemory_createFromFd(4096, PROT_READ, descriptor, 0, &memory) == 0);
  const client::Memory read_only(memory);
  CHECK(ANeuralNetworksExecution_setOutputFromMemory(execution.get(), 0, nullptr, memory, 0, 16) ==
        ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, memory, 4088, 16) ==
        ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, memory, 0, 0) ==
        ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, memory, 4080, 16) == 0);
  close(descriptor);
}

TEST_CASE("memories from descriptors pass a result on") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  ANeuralNetworksMemoryDesc* descriptor = nullptr;
  REQUIRE(ANeuralNetworksMemoryDesc_create(&descriptor) == 0);
  const client::MemoryDescriptor owned_descriptor(descriptor);
  ANeuralNetworksMemory* memory = nullptr;
  CHECK(ANeuralNetworksMemory_createFromDesc(descriptor, &memory) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksMemoryDesc_finish(descriptor) == ANEURALNETWORKS_BAD_DATA);  // no roles
  CHECK(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 2, 1.0f) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 0, 0.0f) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 0, 1.0f) == 0);
  CHECK(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 0, 1.0f) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksMemoryDesc_addOutputRole(descriptor, compilation.get(), 0, 1.0f) == 0);
  const uint32_t wrong[] = {3, 3};
  CHECK(ANeuralNetworksMemoryDesc_setDimensions(descriptor, 2, wrong) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksMemoryDesc_finish(descriptor) == 0);
  CHECK(ANeuralNetworksMemoryDesc_finish(descriptor) == ANEURALNETWORKS_BAD_STATE);
  REQUIRE(ANeuralNetworksMemory_createFromDesc(descriptor, &memory) == 0);
  const client::Memory owned(memory);

  Numbers numbers;
  const client::Execution too_early = execution_of(compilation.get());
  CHECK(ANeuralNetworksExecution_setInputFromMemory(too_early.get(), 1, nullptr, memory, 0, 0) ==
        ANEURALNETWORKS_BAD_DATA);  // not one of its roles
  CHECK(ANeuralNetworksExecution_setInputFromMemory(too_early.get(), 0, nullptr, memory, 0, 16) ==
        ANEURALNETWORKS_BAD_DATA);  // it is used whole
  REQUIRE(ANeuralNetworksExecution_setInputFromMemory(too_early.get(), 0, nullptr, memory, 0, 0) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(too_early.get(), 1, nullptr, numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(too_early.get(), 0, nullptr, numbers.result, 16) == 0);
  CHECK(ANeuralNetworksExecution_compute(too_early.get()) == ANEURALNETWORKS_OP_FAILED);

  const client::Execution first = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksExecution_setInput(first.get(), 0, nullptr, numbers.a, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(first.get(), 1, nullptr, numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutputFromMemory(first.get(), 0, nullptr, memory, 0, 0) == 0);
  REQUIRE(ANeuralNetworksExecution_compute(first.get()) == 0);
  const client::Execution second = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksExecution_setInputFromMemory(second.get(), 0, nullptr, memory, 0, 0) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(second.get(), 1, nullptr, numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(second.get(), 0, nullptr, numbers.result, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_compute(second.get()) == 0);
  for (int i = 0; i < 4; ++i) CHECK(numbers.result[i] == numbers.a[i] + 2 * numbers.b[i]);
}

TEST_CASE("bursts belong to one compilation") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Compilation other = compiled(model.get());
  ANeuralNetworksBurst* burst = nullptr;
  REQUIRE(ANeuralNetworksBurst_create(compilation.get(), &burst) == 0);
  const client::Burst owned(burst);
  Numbers numbers;
  const client::Execution stranger = execution_of(other.get());
  numbers.set(stranger.get());
  CHECK(ANeuralNetworksExecution_burstCompute(stranger.get(), burst) == ANEURALNETWORKS_BAD_DATA);
  for (int i = 0; i < 2; ++i) {
    const client::Execution execution = execution_of(compilation.get());
    numbers.set(execution.get());
    REQUIRE(ANeuralNetworksExecution_burstCompute(execution.get(), burst) == 0);
    CHECK(numbers.is_right());
  }
}

TEST_CASE("events, and executions that wait for others") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  Numbers first_numbers;
  Numbers second_numbers;
  const client::Execution first = execution_of(compilation.get());
  const client::Execution second = execution_of(compilation.get());
  first_numbers.set(first.get());
  REQUIRE(ANeuralNetworksExecution_setInput(second.get(), 0, nullptr, first_numbers.result, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(second.get(), 1, nullptr, second_numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(second.get(), 0, nullptr, second_numbers.result, 16) == 0);
  ANeuralNetworksEvent* event = nullptr;
  REQUIRE(ANeuralNetworksExecution_startCompute(first.get(), &event) == 0);
  const client::Event first_event(event);
  const ANeuralNetworksEvent* const dependencies[] = {event};
  REQUIRE(ANeuralNetworksExecution_startComputeWithDependencies(second.get(), dependencies, 1, 0, &event) == 0);
  const client::Event second_event(event);
  REQUIRE(ANeuralNetworksEvent_wait(event) == 0);
  for (int i = 0; i < 4; ++i) CHECK(second_numbers.result[i] == 20.0f * (i + 1) + i + 1);
  int fence = 0;
  CHECK(ANeuralNetworksEvent_getSyncFenceFd(event, &fence) == ANEURALNETWORKS_BAD_DATA);
  CHECK(fence == -1);
  ANeuralNetworksEvent* from_fence = nullptr;
  CHECK(ANeuralNetworksEvent_createFromSyncFenceFd(3, &from_fence) == ANEURALNETWORKS_BAD_DATA);
}

TEST_CASE("handles may be freed before what was made of them has run") {
  Numbers numbers;
  client::Execution execution;
  client::Compilation compilation;
  {
    const client::Model model = sum();
    compilation = compiled(model.get());
  }
  execution = execution_of(compilation.get());
  numbers.set(execution.get());
  REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
  CHECK(numbers.is_right());
}

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

TEST_CASE("the library exports every function of the table") {
  const std::string path = std::string(passerelle::testing::binary_directory()) + "/lib/libneuralnetworks.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
#define PASSERELLE_LOOK_UP(level, result, name, parameters) \
  INFO(#name);                                              \
  CHECK(dlsym(library, #name) != nullptr);
  PASSERELLE_NNAPI_FUNCTIONS(PASSERELLE_LOOK_UP)
#undef PASSERELLE_LOOK_UP
  dlclose(library);
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
