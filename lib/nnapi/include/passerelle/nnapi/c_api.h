// The C ABI of NeuralNetworks.h, declared by ourselves: the loader finds the functions with dlsym, the host NNAPI
// defines them, and neither needs the NDK's header (nor may include it beside this one).
//
// Names, values and memory layouts are NNAPI's own and never change; FunctionCode and OperandCode are
// operation_type.h's and operand_type.h's tables.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct AHardwareBuffer;
struct ANeuralNetworksBurst;
struct ANeuralNetworksCompilation;
struct ANeuralNetworksDevice;
struct ANeuralNetworksEvent;
struct ANeuralNetworksExecution;
struct ANeuralNetworksMemory;
struct ANeuralNetworksMemoryDesc;
struct ANeuralNetworksModel;

struct ANeuralNetworksOperandType {
  int32_t type;                ///< an OperandType
  uint32_t dimensionCount;     ///< 0 for a scalar, or for a tensor of unknown rank
  const uint32_t* dimensions;  ///< a 0 is a size not known yet; may be null where dimensionCount is 0
  float scale;                 ///< quantized tensors: real = (integer - zeroPoint) * scale; 0 for all others
  int32_t zeroPoint;
};

/// Of a TENSOR_QUANT8_SYMM_PER_CHANNEL operand: real = integer * scales[index along channelDim].
struct ANeuralNetworksSymmPerChannelQuantParams {
  uint32_t channelDim;
  uint32_t scaleCount;  ///< the size of dimension channelDim
  const float* scales;
};

enum ANeuralNetworksResultCode : int {
  ANEURALNETWORKS_NO_ERROR = 0,
  ANEURALNETWORKS_OUT_OF_MEMORY = 1,
  ANEURALNETWORKS_INCOMPLETE = 2,
  ANEURALNETWORKS_UNEXPECTED_NULL = 3,
  ANEURALNETWORKS_BAD_DATA = 4,
  ANEURALNETWORKS_OP_FAILED = 5,
  ANEURALNETWORKS_BAD_STATE = 6,
  ANEURALNETWORKS_UNMAPPABLE = 7,
  ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE = 8,
  ANEURALNETWORKS_UNAVAILABLE_DEVICE = 9,
  ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT = 10,
  ANEURALNETWORKS_MISSED_DEADLINE_PERSISTENT = 11,
  ANEURALNETWORKS_RESOURCE_EXHAUSTED_TRANSIENT = 12,
  ANEURALNETWORKS_RESOURCE_EXHAUSTED_PERSISTENT = 13,
  ANEURALNETWORKS_DEAD_OBJECT = 14,
};

enum ANeuralNetworksFuseCode : int32_t {
  ANEURALNETWORKS_FUSED_NONE = 0,
  ANEURALNETWORKS_FUSED_RELU = 1,
  ANEURALNETWORKS_FUSED_RELU1 = 2,
  ANEURALNETWORKS_FUSED_RELU6 = 3,
};

enum ANeuralNetworksPaddingCode : int32_t {
  ANEURALNETWORKS_PADDING_SAME = 1,
  ANEURALNETWORKS_PADDING_VALID = 2,
};

enum ANeuralNetworksPreferenceCode : int32_t {
  ANEURALNETWORKS_PREFER_LOW_POWER = 0,
  ANEURALNETWORKS_PREFER_FAST_SINGLE_ANSWER = 1,  ///< what a compilation has that sets none
  ANEURALNETWORKS_PREFER_SUSTAINED_SPEED = 2,
};

enum ANeuralNetworksPriorityCode : int {
  ANEURALNETWORKS_PRIORITY_LOW = 90,
  ANEURALNETWORKS_PRIORITY_MEDIUM = 100,
  ANEURALNETWORKS_PRIORITY_HIGH = 110,
  ANEURALNETWORKS_PRIORITY_DEFAULT = ANEURALNETWORKS_PRIORITY_MEDIUM,
};

enum ANeuralNetworksDeviceTypeCode : int32_t {
  ANEURALNETWORKS_DEVICE_UNKNOWN = 0,
  ANEURALNETWORKS_DEVICE_OTHER = 1,
  ANEURALNETWORKS_DEVICE_CPU = 2,
  ANEURALNETWORKS_DEVICE_GPU = 3,
  ANEURALNETWORKS_DEVICE_ACCELERATOR = 4,
};

/// Durations are nanoseconds; UINT64_MAX where the device does not measure.
enum ANeuralNetworksDurationCode : int32_t {
  ANEURALNETWORKS_DURATION_ON_HARDWARE = 0,
  ANEURALNETWORKS_DURATION_IN_DRIVER = 1,
  ANEURALNETWORKS_FENCED_DURATION_ON_HARDWARE = 2,
  ANEURALNETWORKS_FENCED_DURATION_IN_DRIVER = 3,
};

enum : uint32_t {
  /// setOperandValue copies values up to this many bytes; longer ones must outlive the model and what is made of it.
  ANEURALNETWORKS_MAX_SIZE_OF_IMMEDIATELY_COPIED_VALUES = 128,
  ANEURALNETWORKS_BYTE_SIZE_OF_CACHE_TOKEN = 32,
};

}  // extern "C"

/// Every function: the feature level that it came in, what it returns, its name, its parameters.
///
/// A table of pointers:    #define X(level, result, name, parameters) result(*name) parameters = nullptr;
/// Declarations:           #define X(level, result, name, parameters) extern "C" result name parameters;
// clang-format off
#define PASSERELLE_NNAPI_FUNCTIONS(X)                                                                                  \
  /* Devices. */                                                                                                       \
  X(3, int, ANeuralNetworks_getDeviceCount, (uint32_t* numDevices))                                                    \
  X(3, int, ANeuralNetworks_getDevice, (uint32_t devIndex, ANeuralNetworksDevice** device))                            \
  X(3, int, ANeuralNetworksDevice_getName, (const ANeuralNetworksDevice* device, const char** name))                   \
  X(3, int, ANeuralNetworksDevice_getType, (const ANeuralNetworksDevice* device, int32_t* type))                       \
  X(3, int, ANeuralNetworksDevice_getVersion, (const ANeuralNetworksDevice* device, const char** version))             \
  X(3, int, ANeuralNetworksDevice_getFeatureLevel, (const ANeuralNetworksDevice* device, int64_t* featureLevel))       \
  X(4, int, ANeuralNetworksDevice_wait, (const ANeuralNetworksDevice* device))                                         \
  X(5, int64_t, ANeuralNetworks_getRuntimeFeatureLevel, ())                                                            \
  /* Models. */                                                                                                        \
  X(1, int, ANeuralNetworksModel_create, (ANeuralNetworksModel** model))                                               \
  X(1, void, ANeuralNetworksModel_free, (ANeuralNetworksModel* model))                                                 \
  X(1, int, ANeuralNetworksModel_finish, (ANeuralNetworksModel* model))                                                \
  X(1, int, ANeuralNetworksModel_addOperand, (ANeuralNetworksModel* model, const ANeuralNetworksOperandType* type))    \
  X(1, int, ANeuralNetworksModel_setOperandValue, (ANeuralNetworksModel* model, int32_t index, const void* buffer,     \
    size_t length))                                                                                                    \
  X(1, int, ANeuralNetworksModel_setOperandValueFromMemory, (ANeuralNetworksModel* model, int32_t index, const         \
    ANeuralNetworksMemory* memory, size_t offset, size_t length))                                                      \
  X(1, int, ANeuralNetworksModel_addOperation, (ANeuralNetworksModel* model, int32_t type, uint32_t inputCount, const  \
    uint32_t* inputs, uint32_t outputCount, const uint32_t* outputs))                                                  \
  X(1, int, ANeuralNetworksModel_identifyInputsAndOutputs, (ANeuralNetworksModel* model, uint32_t inputCount, const    \
    uint32_t* inputs, uint32_t outputCount, const uint32_t* outputs))                                                  \
  X(2, int, ANeuralNetworksModel_relaxComputationFloat32toFloat16, (ANeuralNetworksModel* model, bool allow))          \
  X(3, int, ANeuralNetworksModel_getSupportedOperationsForDevices, (const ANeuralNetworksModel* model, const           \
    ANeuralNetworksDevice* const* devices, uint32_t numDevices, bool* supportedOps))                                   \
  X(3, int, ANeuralNetworksModel_setOperandSymmPerChannelQuantParams, (ANeuralNetworksModel* model, int32_t index,     \
    const ANeuralNetworksSymmPerChannelQuantParams* channelQuant))                                                     \
  X(4, int, ANeuralNetworksModel_setOperandValueFromModel, (ANeuralNetworksModel* model, int32_t index, const          \
    ANeuralNetworksModel* value))                                                                                      \
  /* Compilations. */                                                                                                  \
  X(1, int, ANeuralNetworksCompilation_create, (ANeuralNetworksModel* model, ANeuralNetworksCompilation**              \
    compilation))                                                                                                      \
  X(1, void, ANeuralNetworksCompilation_free, (ANeuralNetworksCompilation* compilation))                               \
  X(1, int, ANeuralNetworksCompilation_setPreference, (ANeuralNetworksCompilation* compilation, int32_t preference))   \
  X(1, int, ANeuralNetworksCompilation_finish, (ANeuralNetworksCompilation* compilation))                              \
  X(3, int, ANeuralNetworksCompilation_createForDevices, (ANeuralNetworksModel* model, const ANeuralNetworksDevice*    \
    const* devices, uint32_t numDevices, ANeuralNetworksCompilation** compilation))                                    \
  X(3, int, ANeuralNetworksCompilation_setCaching, (ANeuralNetworksCompilation* compilation, const char* cacheDir,     \
    const uint8_t* token))                                                                                             \
  X(4, int, ANeuralNetworksCompilation_setPriority, (ANeuralNetworksCompilation* compilation, int priority))           \
  X(4, int, ANeuralNetworksCompilation_setTimeout, (ANeuralNetworksCompilation* compilation, uint64_t duration))       \
  X(5, int, ANeuralNetworksCompilation_getPreferredMemoryAlignmentForInput, (const ANeuralNetworksCompilation*         \
    compilation, uint32_t index, uint32_t* alignment))                                                                 \
  X(5, int, ANeuralNetworksCompilation_getPreferredMemoryPaddingForInput, (const ANeuralNetworksCompilation*           \
    compilation, uint32_t index, uint32_t* padding))                                                                   \
  X(5, int, ANeuralNetworksCompilation_getPreferredMemoryAlignmentForOutput, (const ANeuralNetworksCompilation*        \
    compilation, uint32_t index, uint32_t* alignment))                                                                 \
  X(5, int, ANeuralNetworksCompilation_getPreferredMemoryPaddingForOutput, (const ANeuralNetworksCompilation*          \
    compilation, uint32_t index, uint32_t* padding))                                                                   \
  /* Executions. */                                                                                                    \
  X(1, int, ANeuralNetworksExecution_create, (ANeuralNetworksCompilation* compilation, ANeuralNetworksExecution**      \
    execution))                                                                                                        \
  X(1, void, ANeuralNetworksExecution_free, (ANeuralNetworksExecution* execution))                                     \
  X(1, int, ANeuralNetworksExecution_setInput, (ANeuralNetworksExecution* execution, int32_t index, const              \
    ANeuralNetworksOperandType* type, const void* buffer, size_t length))                                              \
  X(1, int, ANeuralNetworksExecution_setInputFromMemory, (ANeuralNetworksExecution* execution, int32_t index, const    \
    ANeuralNetworksOperandType* type, const ANeuralNetworksMemory* memory, size_t offset, size_t length))              \
  X(1, int, ANeuralNetworksExecution_setOutput, (ANeuralNetworksExecution* execution, int32_t index, const             \
    ANeuralNetworksOperandType* type, void* buffer, size_t length))                                                    \
  X(1, int, ANeuralNetworksExecution_setOutputFromMemory, (ANeuralNetworksExecution* execution, int32_t index, const   \
    ANeuralNetworksOperandType* type, const ANeuralNetworksMemory* memory, size_t offset, size_t length))              \
  X(1, int, ANeuralNetworksExecution_startCompute, (ANeuralNetworksExecution* execution, ANeuralNetworksEvent**        \
    event))                                                                                                            \
  X(3, int, ANeuralNetworksExecution_compute, (ANeuralNetworksExecution* execution))                                   \
  X(3, int, ANeuralNetworksExecution_getOutputOperandRank, (ANeuralNetworksExecution* execution, int32_t index,        \
    uint32_t* rank))                                                                                                   \
  X(3, int, ANeuralNetworksExecution_getOutputOperandDimensions, (ANeuralNetworksExecution* execution, int32_t index,  \
    uint32_t* dimensions))                                                                                             \
  X(3, int, ANeuralNetworksExecution_burstCompute, (ANeuralNetworksExecution* execution, ANeuralNetworksBurst* burst)) \
  X(3, int, ANeuralNetworksExecution_setMeasureTiming, (ANeuralNetworksExecution* execution, bool measure))            \
  X(3, int, ANeuralNetworksExecution_getDuration, (const ANeuralNetworksExecution* execution, int32_t durationCode,    \
    uint64_t* duration))                                                                                               \
  X(4, int, ANeuralNetworksExecution_setTimeout, (ANeuralNetworksExecution* execution, uint64_t duration))             \
  X(4, int, ANeuralNetworksExecution_setLoopTimeout, (ANeuralNetworksExecution* execution, uint64_t duration))         \
  X(4, uint64_t, ANeuralNetworks_getDefaultLoopTimeout, ())                                                            \
  X(4, uint64_t, ANeuralNetworks_getMaximumLoopTimeout, ())                                                            \
  X(4, int, ANeuralNetworksExecution_startComputeWithDependencies, (ANeuralNetworksExecution* execution, const         \
    ANeuralNetworksEvent* const* dependencies, uint32_t num_dependencies, uint64_t duration, ANeuralNetworksEvent**    \
    event))                                                                                                            \
  X(5, int, ANeuralNetworksExecution_enableInputAndOutputPadding, (ANeuralNetworksExecution* execution, bool enable))  \
  X(5, int, ANeuralNetworksExecution_setReusable, (ANeuralNetworksExecution* execution, bool reusable))                \
  /* Events and bursts. */                                                                                             \
  X(1, int, ANeuralNetworksEvent_wait, (ANeuralNetworksEvent* event))                                                  \
  X(1, void, ANeuralNetworksEvent_free, (ANeuralNetworksEvent* event))                                                 \
  X(3, int, ANeuralNetworksBurst_create, (ANeuralNetworksCompilation* compilation, ANeuralNetworksBurst** burst))      \
  X(3, void, ANeuralNetworksBurst_free, (ANeuralNetworksBurst* burst))                                                 \
  X(4, int, ANeuralNetworksEvent_createFromSyncFenceFd, (int sync_fence_fd, ANeuralNetworksEvent** event))             \
  X(4, int, ANeuralNetworksEvent_getSyncFenceFd, (const ANeuralNetworksEvent* event, int* sync_fence_fd))              \
  /* Memories. */                                                                                                      \
  X(1, int, ANeuralNetworksMemory_createFromFd, (size_t size, int protect, int fd, size_t offset,                      \
    ANeuralNetworksMemory** memory))                                                                                   \
  X(1, void, ANeuralNetworksMemory_free, (ANeuralNetworksMemory* memory))                                              \
  X(3, int, ANeuralNetworksMemory_createFromAHardwareBuffer, (const AHardwareBuffer* ahwb, ANeuralNetworksMemory**     \
    memory))                                                                                                           \
  X(4, int, ANeuralNetworksMemoryDesc_create, (ANeuralNetworksMemoryDesc** desc))                                      \
  X(4, void, ANeuralNetworksMemoryDesc_free, (ANeuralNetworksMemoryDesc* desc))                                        \
  X(4, int, ANeuralNetworksMemoryDesc_addInputRole, (ANeuralNetworksMemoryDesc* desc, const                            \
    ANeuralNetworksCompilation* compilation, uint32_t index, float frequency))                                         \
  X(4, int, ANeuralNetworksMemoryDesc_addOutputRole, (ANeuralNetworksMemoryDesc* desc, const                           \
    ANeuralNetworksCompilation* compilation, uint32_t index, float frequency))                                         \
  X(4, int, ANeuralNetworksMemoryDesc_setDimensions, (ANeuralNetworksMemoryDesc* desc, uint32_t rank, const uint32_t*  \
    dimensions))                                                                                                       \
  X(4, int, ANeuralNetworksMemoryDesc_finish, (ANeuralNetworksMemoryDesc* desc))                                       \
  X(4, int, ANeuralNetworksMemory_createFromDesc, (const ANeuralNetworksMemoryDesc* desc, ANeuralNetworksMemory**      \
    memory))                                                                                                           \
  X(4, int, ANeuralNetworksMemory_copy, (const ANeuralNetworksMemory* src, const ANeuralNetworksMemory* dst))
// clang-format on
