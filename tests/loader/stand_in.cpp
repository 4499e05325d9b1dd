// Built once for each feature level: STAND_IN_LEVEL. An execution copies input i to output i. Where Android's runtime
// refuses a call (a buffer set twice, a run of what ran before, a timeout without exactly one device), so does this.
#include "stand_in.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
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
  if (state().crashes_in == function) abort();
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
struct ANeuralNetworksCompilation {
  size_t device_count = 0;  // 0: without a list
};
struct ANeuralNetworksEvent {};
struct ANeuralNetworksDevice {};
struct ANeuralNetworksBurst {};
struct ANeuralNetworksMemory {
  void* mapping;
  size_t size;
};
struct ANeuralNetworksExecution {
  explicit ANeuralNetworksExecution(const ANeuralNetworksCompilation& compilation) : compilation(compilation) {}
  const ANeuralNetworksCompilation& compilation;
  std::vector<std::pair<const void*, size_t>> inputs;
  std::vector<std::pair<void*, size_t>> outputs;
  bool reusable = false;
  bool measured = false;
  int runs = 0;
  int compute();
};

int ANeuralNetworksExecution::compute() {
  std::lock_guard<std::mutex> lock(state().mutex);
  if (runs++ > 0 && !reusable) return ANEURALNETWORKS_BAD_STATE;
  for (const auto& buffer : inputs)
    if (!buffer.first) return ANEURALNETWORKS_BAD_DATA;
  for (const auto& buffer : outputs)
    if (!buffer.first) return ANEURALNETWORKS_BAD_DATA;
  if (!state().keeps_values) return 0;
  state().inputs.clear();
  for (const auto& [data, size] : inputs) {
    const unsigned char* bytes = static_cast<const unsigned char*>(data);
    state().inputs.emplace_back(bytes, bytes + size);
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    std::memcpy(outputs[i].first, inputs[i].first, std::min(outputs[i].second, inputs[i].second));
  return 0;
}

namespace {

template <typename Buffers, typename Address>
int set_buffer(const char* function, ANeuralNetworksExecution* execution, Buffers& buffers, int32_t index,
               Address address, size_t length) {
  auto& buffer = buffers.at(static_cast<size_t>(index));
  if (execution->runs > 0 || buffer.first) return ANEURALNETWORKS_BAD_STATE;
  buffer = {address, length};
  return result_of(function);
}

template <typename Buffers>
int set_from_memory(const char* function, ANeuralNetworksExecution* execution, Buffers& buffers, int32_t index,
                    const ANeuralNetworksMemory* memory, size_t offset, size_t length) {
  if (offset > memory->size || length > memory->size - offset) return ANEURALNETWORKS_BAD_DATA;
  return set_buffer(function, execution, buffers, index, static_cast<unsigned char*>(memory->mapping) + offset, length);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) StandIn* stand_in() { return &state(); }

// --- Feature level 1.

int ANeuralNetworksModel_create(ANeuralNetworksModel** model) {
  state().operands.clear();
  state().operations.clear();
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
  if (state().keeps_values) operand.value.assign(bytes, bytes + length);
  return result_of("ANeuralNetworksModel_setOperandValue");
}

int ANeuralNetworksModel_setOperandValueFromMemory(ANeuralNetworksModel*, int32_t index,
                                                   const ANeuralNetworksMemory* memory, size_t offset, size_t length) {
  if (offset > memory->size || length > memory->size - offset) return ANEURALNETWORKS_BAD_DATA;
  RecordedOperand& operand = state().operands.at(static_cast<size_t>(index));
  operand.has_value = operand.from_memory = true;
  const unsigned char* bytes = static_cast<const unsigned char*>(memory->mapping) + offset;
  if (state().keeps_values) operand.value.assign(bytes, bytes + length);
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

int ANeuralNetworksExecution_create(ANeuralNetworksCompilation* compilation, ANeuralNetworksExecution** execution) {
  auto* made = new ANeuralNetworksExecution(*compilation);
  made->inputs.resize(state().model_inputs.size());
  made->outputs.resize(state().model_outputs.size());
  return create("ANeuralNetworksExecution_create", execution, made);
}
void ANeuralNetworksExecution_free(ANeuralNetworksExecution* execution) { destroy(execution); }
int ANeuralNetworksExecution_setInput(ANeuralNetworksExecution* execution, int32_t index,
                                      const ANeuralNetworksOperandType*, const void* buffer, size_t length) {
  return set_buffer("ANeuralNetworksExecution_setInput", execution, execution->inputs, index, buffer, length);
}
int ANeuralNetworksExecution_setOutput(ANeuralNetworksExecution* execution, int32_t index,
                                       const ANeuralNetworksOperandType*, void* buffer, size_t length) {
  return set_buffer("ANeuralNetworksExecution_setOutput", execution, execution->outputs, index, buffer, length);
}
int ANeuralNetworksExecution_setInputFromMemory(ANeuralNetworksExecution* execution, int32_t index,
                                                const ANeuralNetworksOperandType*, const ANeuralNetworksMemory* memory,
                                                size_t offset, size_t length) {
  return set_from_memory("ANeuralNetworksExecution_setInputFromMemory", execution, execution->inputs, index, memory,
                         offset, length);
}
int ANeuralNetworksExecution_setOutputFromMemory(ANeuralNetworksExecution* execution, int32_t index,
                                                 const ANeuralNetworksOperandType*, const ANeuralNetworksMemory* memory,
                                                 size_t offset, size_t length) {
  return set_from_memory("ANeuralNetworksExecution_setOutputFromMemory", execution, execution->outputs, index, memory,
                         offset, length);
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

ANeuralNetworksDevice handles[8];
size_t number_of(const ANeuralNetworksDevice* device) { return static_cast<size_t>(device - handles); }
const StandInDevice& device_of(const ANeuralNetworksDevice* device) { return state().devices.at(number_of(device)); }

int computed(const char* function, ANeuralNetworksExecution* execution) {
  const int wanted = result_of(function);
  const int result = execution->compute();
  return wanted != 0 ? wanted : result;
}

}  // namespace

int ANeuralNetworks_getDeviceCount(uint32_t* count) {
  *count = static_cast<uint32_t>(state().devices.size());
  return result_of("ANeuralNetworks_getDeviceCount");
}
int ANeuralNetworks_getDevice(uint32_t index, ANeuralNetworksDevice** device) {
  *device = &handles[index];
  return result_of("ANeuralNetworks_getDevice");
}
int ANeuralNetworksDevice_getName(const ANeuralNetworksDevice* device, const char** name) {
  *name = device_of(device).name.c_str();
  return result_of("ANeuralNetworksDevice_getName");
}
int ANeuralNetworksDevice_getVersion(const ANeuralNetworksDevice* device, const char** version) {
  *version = device_of(device).version.c_str();
  return result_of("ANeuralNetworksDevice_getVersion");
}
int ANeuralNetworksDevice_getType(const ANeuralNetworksDevice* device, int32_t* type) {
  *type = device_of(device).type;
  return result_of("ANeuralNetworksDevice_getType");
}
int ANeuralNetworksDevice_getFeatureLevel(const ANeuralNetworksDevice* device, int64_t* level) {
  *level = device_of(device).name == "nnapi-reference" ? 1000 : state().device_level;
  return result_of("ANeuralNetworksDevice_getFeatureLevel");
}
int ANeuralNetworksModel_getSupportedOperationsForDevices(const ANeuralNetworksModel*,
                                                          const ANeuralNetworksDevice* const* chosen, uint32_t count,
                                                          bool* supported) {
  for (size_t i = 0; i < state().operations.size(); ++i) {
    supported[i] = false;
    for (uint32_t d = 0; d < count; ++d) {
      const std::vector<int32_t>& unsupported = device_of(chosen[d]).unsupported;
      if (std::find(unsupported.begin(), unsupported.end(), state().operations[i].type) == unsupported.end())
        supported[i] = true;
    }
  }
  return result_of("ANeuralNetworksModel_getSupportedOperationsForDevices");
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
  state().device.clear();
  for (uint32_t i = 0; i < count; ++i) state().device += (i == 0 ? "" : ", ") + device_of(chosen[i]).name;
  return create("ANeuralNetworksCompilation_createForDevices", compilation, new ANeuralNetworksCompilation{count});
}
int ANeuralNetworksCompilation_setCaching(ANeuralNetworksCompilation*, const char* directory, const uint8_t* token) {
  state().cache_directory = directory;
  state().cache_token.assign(token, token + ANEURALNETWORKS_BYTE_SIZE_OF_CACHE_TOKEN);
  return result_of("ANeuralNetworksCompilation_setCaching");
}
int ANeuralNetworksExecution_compute(ANeuralNetworksExecution* execution) {
  return computed("ANeuralNetworksExecution_compute", execution);
}
int ANeuralNetworksBurst_create(ANeuralNetworksCompilation*, ANeuralNetworksBurst** burst) {
  return create("ANeuralNetworksBurst_create", burst, new ANeuralNetworksBurst);
}
void ANeuralNetworksBurst_free(ANeuralNetworksBurst* burst) { destroy(burst); }
int ANeuralNetworksExecution_burstCompute(ANeuralNetworksExecution* execution, ANeuralNetworksBurst*) {
  return computed("ANeuralNetworksExecution_burstCompute", execution);
}
int ANeuralNetworksExecution_setMeasureTiming(ANeuralNetworksExecution* execution, bool measure) {
  if (execution->compilation.device_count != 1) return ANEURALNETWORKS_BAD_DATA;
  execution->measured = measure;
  return result_of("ANeuralNetworksExecution_setMeasureTiming");
}
int ANeuralNetworksExecution_getDuration(const ANeuralNetworksExecution* execution, int32_t code, uint64_t* duration) {
  if (!execution->measured || execution->runs == 0) return ANEURALNETWORKS_BAD_STATE;
  *duration = code == ANEURALNETWORKS_DURATION_ON_HARDWARE ? 1000 : 2000;
  return result_of("ANeuralNetworksExecution_getDuration");
}
int ANeuralNetworksMemory_createFromAHardwareBuffer(const AHardwareBuffer* buffer, ANeuralNetworksMemory** memory) {
  // The tests' hardware buffers are descriptors in disguise.
  const int descriptor = *reinterpret_cast<const int*>(buffer);
  const size_t size = 4096;
  void* mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (mapping == MAP_FAILED) return ANEURALNETWORKS_UNMAPPABLE;
  const int result =
      create("ANeuralNetworksMemory_createFromAHardwareBuffer", memory, new ANeuralNetworksMemory{mapping, size});
  if (result != 0) munmap(mapping, size);
  return result;
}
#endif

#if STAND_IN_LEVEL >= 4
int ANeuralNetworksMemoryDesc_create(ANeuralNetworksMemoryDesc**) {
  return result_of("ANeuralNetworksMemoryDesc_create");
}
int ANeuralNetworksCompilation_setPriority(ANeuralNetworksCompilation*, int priority) {
  state().priority = priority;
  return result_of("ANeuralNetworksCompilation_setPriority");
}
int ANeuralNetworksCompilation_setTimeout(ANeuralNetworksCompilation* compilation, uint64_t duration) {
  if (compilation->device_count != 1) return ANEURALNETWORKS_BAD_DATA;
  state().compile_timeout = duration;
  return result_of("ANeuralNetworksCompilation_setTimeout");
}
int ANeuralNetworksExecution_setTimeout(ANeuralNetworksExecution* execution, uint64_t duration) {
  if (execution->compilation.device_count != 1) return ANEURALNETWORKS_BAD_DATA;
  state().run_timeout = duration;
  return result_of("ANeuralNetworksExecution_setTimeout");
}
int ANeuralNetworksExecution_setLoopTimeout(ANeuralNetworksExecution*, uint64_t duration) {
  state().loop_timeout = duration;
  return result_of("ANeuralNetworksExecution_setLoopTimeout");
}
int ANeuralNetworksModel_setOperandValueFromModel(ANeuralNetworksModel*, int32_t index,
                                                  const ANeuralNetworksModel* value) {
  RecordedOperand& operand = state().operands.at(static_cast<size_t>(index));
  operand.has_value = true;
  operand.address = value;
  return result_of("ANeuralNetworksModel_setOperandValueFromModel");
}
#endif

#if STAND_IN_LEVEL >= 5
int64_t ANeuralNetworks_getRuntimeFeatureLevel() {
  result_of("ANeuralNetworks_getRuntimeFeatureLevel");
  return state().runtime_level;
}
int ANeuralNetworksExecution_setReusable(ANeuralNetworksExecution* execution, bool reusable) {
  execution->reusable = reusable;
  return result_of("ANeuralNetworksExecution_setReusable");
}
#endif
