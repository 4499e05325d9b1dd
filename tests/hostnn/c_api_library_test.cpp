// The library as a whole: its functions, its device, null handles.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include "c_api_fixture.h"
#include "paths.h"

using namespace passerelle::testing;

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
