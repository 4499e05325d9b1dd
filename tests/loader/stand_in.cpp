// Built once for each feature level: STAND_IN_LEVEL. An execution copies input i to output i.
#include "stand_in.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "passerelle/nnapi/c_api.h"

#define PASSERELLE_DECLARE(level, result, name, parameters) \
  extern "C" __attribute__((visibility("default"))) result name parameters;
PASSERELLE_NNAPI_FUNCTIONS(PASSERELLE_DECLARE)
#undef PASSERELLE_DECLARE

using namespace passerelle::loader_test;

namespace {

StandIn& state() {
  static StandIn state;
  return state;
}

/// The result that the test wants of this function; remembers the call.
int result_of(const char* function) {
  std::lock_guard<std::mutex> lock(state().mutex);
  state().calls.push_back(function);
  const auto failure = state().failures.find(function);
  return failure == state().failures.end() ? 0 : failure->second;
}

template <typename T>
int create(const char* function, T** object, T* made) {
  const int result = result_of(function);
  if (result != 0) {
    delete made;
    return result;
  }
  std::lock_guard<std::mutex> lock(state().mutex);
  ++state().live_objects;
  *object = made;
  return 0;
}

template <typename T>
void destroy(T* object) {
  if (!object) return;
  std::lock_guard<std::mutex> lock(state().mutex);
  --state().live_objects;
  delete object;
}

}  // namespace

struct ANeuralNetworksModel {};
struct ANeuralNetworksCompilation {};
struct ANeuralNetworksEvent {};
struct ANeuralNetworksDevice {};
struct ANeuralNetworksMemory {
  void* mapping;
  size_t size;
};
struct ANeuralNetworksExecution {
  std::vector<std::pair<const void*, size_t>> inputs;
  std::vector<std::pair<void*, size_t>> outputs;
  void compute();
};

void ANeuralNetworksExecution::compute() {
  std::lock_guard<std::mutex> lock(state().mutex);
  state().inputs.clear();
  for (const auto& [data, size] : inputs) {
    const unsigned char* bytes = static_cast<const unsigned char*>(data);
    state().inputs.emplace_back(bytes, bytes + size);
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    std::memcpy(outputs[i].first, inputs[i].first, std::min(outputs[i].second, inputs[i].second));
}

extern "C" __attribute__((visibility("default"))) StandIn* stand_in() { return &state(); }

// --- Feature level 1.

int ANeuralNetworksModel_create(ANeuralNetworksModel** model) {
  return create("ANeuralNetworksModel_create", model, new ANeuralNetworksModel);
}
void ANeuralNetworksModel_free(ANeuralNetworksModel* model) { destroy(model); }
#ifndef STAND_IN_WITHOUT_FINISH
int ANeuralNetworksModel_finish(ANeuralNetworksModel*) { return result_of("ANeuralNetworksModel_finish"); }
#endif

int ANeuralNetworksModel_addOperand(ANeuralNetworksModel*, const ANeuralNetworksOperandType* type) {
  RecordedOperand operand;
  operand.type = type->type;
  operand.dimensions.assign(type->dimensions, type->dimensions + type->dimensionCount);
  operand.scale = type->scale;
  operand.zero_point = type->zeroPoint;
  state().operands.push_back(operand);
  return result_of("ANeuralNetworksModel_addOperand");
}

int ANeuralNetworksModel_setOperandValue(ANeuralNetworksModel*, int32_t index, const void* buffer, size_t length) {
  RecordedOperand& operand = state().operands.at(static_cast<size_t>(index));
  operand.has_value = buffer != nullptr;
  operand.address = buffer;
  const unsigned char* bytes = static_cast<const unsigned char*>(buffer);
  operand.value.assign(bytes, bytes + length);
  return result_of("ANeuralNetworksModel_setOperandValue");
}

int ANeuralNetworksModel_setOperandValueFromMemory(ANeuralNetworksModel*, int32_t index,
                                                   const ANeuralNetworksMemory* memory, size_t offset, size_t length) {
  if (offset > memory->size || length > memory->size - offset) return ANEURALNETWORKS_BAD_DATA;
  RecordedOperand& operand = state().operands.at(static_cast<size_t>(index));
  operand.has_value = operand.from_memory = true;
  const unsigned char* bytes = static_cast<const unsigned char*>(memory->mapping) + offset;
  operand.value.assign(bytes, bytes + length);
  return result_of("ANeuralNetworksModel_setOperandValueFromMemory");
}

int ANeuralNetworksModel_addOperation(ANeuralNetworksModel*, int32_t type, uint32_t inputCount, const uint32_t* inputs,
                                      uint32_t outputCount, const uint32_t* outputs) {
  state().operations.push_back({type, {inputs, inputs + inputCount}, {outputs, outputs + outputCount}});
  return result_of("ANeuralNetworksModel_addOperation");
}

int ANeuralNetworksModel_identifyInputsAndOutputs(ANeuralNetworksModel*, uint32_t inputCount, const uint32_t* inputs,
                                                  uint32_t outputCount, const uint32_t* outputs) {
  state().model_inputs.assign(inputs, inputs + inputCount);
  state().model_outputs.assign(outputs, outputs + outputCount);
  return result_of("ANeuralNetworksModel_identifyInputsAndOutputs");
}

int ANeuralNetworksMemory_createFromFd(size_t size, int protect, int fd, size_t offset,
                                       ANeuralNetworksMemory** memory) {
  void* mapping = mmap(nullptr, size, protect, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (mapping == MAP_FAILED) return ANEURALNETWORKS_UNMAPPABLE;
  state().memories.push_back({size, offset});
  const int result = create("ANeuralNetworksMemory_createFromFd", memory, new ANeuralNetworksMemory{mapping, size});
  if (result != 0) munmap(mapping, size);
  return result;
}

void ANeuralNetworksMemory_free(ANeuralNetworksMemory* memory) {
  if (memory) munmap(memory->mapping, memory->size);
  destroy(memory);
}

int ANeuralNetworksCompilation_create(ANeuralNetworksModel*, ANeuralNetworksCompilation** compilation) {
  return create("ANeuralNetworksCompilation_create", compilation, new ANeuralNetworksCompilation);
}
void ANeuralNetworksCompilation_free(ANeuralNetworksCompilation* compilation) { destroy(compilation); }
int ANeuralNetworksCompilation_setPreference(ANeuralNetworksCompilation*, int32_t preference) {
  state().preference = preference;
  return result_of("ANeuralNetworksCompilation_setPreference");
}
int ANeuralNetworksCompilation_finish(ANeuralNetworksCompilation*) {
  return result_of("ANeuralNetworksCompilation_finish");
}

int ANeuralNetworksExecution_create(ANeuralNetworksCompilation*, ANeuralNetworksExecution** execution) {
  auto* made = new ANeuralNetworksExecution;
  made->inputs.resize(state().model_inputs.size());
  made->outputs.resize(state().model_outputs.size());
  return create("ANeuralNetworksExecution_create", execution, made);
}
void ANeuralNetworksExecution_free(ANeuralNetworksExecution* execution) { destroy(execution); }
int ANeuralNetworksExecution_setInput(ANeuralNetworksExecution* execution, int32_t index,
                                      const ANeuralNetworksOperandType*, const void* buffer, size_t length) {
  execution->inputs.at(static_cast<size_t>(index)) = {buffer, length};
  return result_of("ANeuralNetworksExecution_setInput");
}
int ANeuralNetworksExecution_setOutput(ANeuralNetworksExecution* execution, int32_t index,
                                       const ANeuralNetworksOperandType*, void* buffer, size_t length) {
  execution->outputs.at(static_cast<size_t>(index)) = {buffer, length};
  return result_of("ANeuralNetworksExecution_setOutput");
}
int ANeuralNetworksExecution_startCompute(ANeuralNetworksExecution* execution, ANeuralNetworksEvent** event) {
  const int result = create("ANeuralNetworksExecution_startCompute", event, new ANeuralNetworksEvent);
  if (result == 0) execution->compute();
  return result;
}
int ANeuralNetworksEvent_wait(ANeuralNetworksEvent*) { return result_of("ANeuralNetworksEvent_wait"); }
void ANeuralNetworksEvent_free(ANeuralNetworksEvent* event) { destroy(event); }

#if STAND_IN_LEVEL >= 2
int ANeuralNetworksModel_relaxComputationFloat32toFloat16(ANeuralNetworksModel*, bool allow) {
  state().relaxed = allow;
  return result_of("ANeuralNetworksModel_relaxComputationFloat32toFloat16");
}
#endif

#if STAND_IN_LEVEL >= 3
namespace {
ANeuralNetworksDevice devices[2];
constexpr const char* names[] = {"stand-in-npu", "stand-in-cpu"};
size_t number_of(const ANeuralNetworksDevice* device) { return static_cast<size_t>(device - devices); }
}  // namespace

int ANeuralNetworks_getDeviceCount(uint32_t* count) {
  *count = 2;
  return result_of("ANeuralNetworks_getDeviceCount");
}
int ANeuralNetworks_getDevice(uint32_t index, ANeuralNetworksDevice** device) {
  *device = &devices[index];
  return result_of("ANeuralNetworks_getDevice");
}
int ANeuralNetworksDevice_getName(const ANeuralNetworksDevice* device, const char** name) {
  *name = names[number_of(device)];
  return result_of("ANeuralNetworksDevice_getName");
}
int ANeuralNetworksDevice_getVersion(const ANeuralNetworksDevice*, const char** version) {
  *version = "1.2";
  return result_of("ANeuralNetworksDevice_getVersion");
}
int ANeuralNetworksDevice_getType(const ANeuralNetworksDevice* device, int32_t* type) {
  *type = number_of(device) == 0 ? ANEURALNETWORKS_DEVICE_ACCELERATOR : ANEURALNETWORKS_DEVICE_CPU;
  return result_of("ANeuralNetworksDevice_getType");
}
int ANeuralNetworksDevice_getFeatureLevel(const ANeuralNetworksDevice*, int64_t* level) {
  *level = state().device_level;
  return result_of("ANeuralNetworksDevice_getFeatureLevel");
}
int ANeuralNetworksModel_setOperandSymmPerChannelQuantParams(ANeuralNetworksModel*, int32_t index,
                                                             const ANeuralNetworksSymmPerChannelQuantParams* channels) {
  RecordedOperand& operand = state().operands.at(static_cast<size_t>(index));
  operand.channel_scales.assign(channels->scales, channels->scales + channels->scaleCount);
  operand.channel_dimension = channels->channelDim;
  return result_of("ANeuralNetworksModel_setOperandSymmPerChannelQuantParams");
}
int ANeuralNetworksCompilation_createForDevices(ANeuralNetworksModel*, const ANeuralNetworksDevice* const* chosen,
                                                uint32_t count, ANeuralNetworksCompilation** compilation) {
  state().device = count == 1 ? names[number_of(chosen[0])] : "";
  return create("ANeuralNetworksCompilation_createForDevices", compilation, new ANeuralNetworksCompilation);
}
int ANeuralNetworksExecution_compute(ANeuralNetworksExecution* execution) {
  execution->compute();
  return result_of("ANeuralNetworksExecution_compute");
}
#endif

#if STAND_IN_LEVEL >= 4
int ANeuralNetworksMemoryDesc_create(ANeuralNetworksMemoryDesc**) {
  return result_of("ANeuralNetworksMemoryDesc_create");
}
#endif

#if STAND_IN_LEVEL >= 5
int64_t ANeuralNetworks_getRuntimeFeatureLevel() {
  result_of("ANeuralNetworks_getRuntimeFeatureLevel");
  return state().runtime_level;
}
#endif
