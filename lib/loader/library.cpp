#include "library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "failure.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

constexpr const char* system_library = "libneuralnetworks.so";
constexpr int64_t first_api_level = 27;           // feature level 1
constexpr uint32_t last_api_feature_level = 5;    // later ones are numbered on their own
constexpr int64_t module_level_base = 1'000'000;  // feature level 6 is 1000006
constexpr uint32_t highest_level = 8;

/// The feature level of NNAPI's own number for it; 0 below the first.
uint32_t level_of_number(int64_t number) {
  if (number > module_level_base + last_api_feature_level)
    return static_cast<uint32_t>(std::min<int64_t>(number - module_level_base, highest_level));
  if (number < first_api_level) return 0;
  return static_cast<uint32_t>(std::min<int64_t>(number - first_api_level + 1, last_api_feature_level));
}

/// All names, each with the NUL that ends it: no pointer to relocate, no code for each.
constexpr char function_names[] =
#define PASSERELLE_NAME(level, result, name, parameters) #name "\0"
    PASSERELLE_NNAPI_FUNCTIONS(PASSERELLE_NAME)
#undef PASSERELLE_NAME
    ;

void look_up(void* handle, Functions& functions) {
  static_assert(std::is_trivially_copyable_v<Functions> && sizeof(Functions) % sizeof(void*) == 0);
  unsigned char* next = reinterpret_cast<unsigned char*>(&functions);  // the pointers are in the names' order
  for (const char* name = function_names; *name; name += std::strlen(name) + 1, next += sizeof(void*)) {
    void* const function = dlsym(handle, name);
    std::memcpy(next, &function, sizeof function);
  }
}

/// The first function of level 1 that is missing, of those that every model and run needs; or null.
const char* missing_function(const Functions& functions) {
#define PASSERELLE_NEED(name) \
  if (!functions.name) return #name;
  PASSERELLE_NEED(ANeuralNetworksModel_create)
  PASSERELLE_NEED(ANeuralNetworksModel_free)
  PASSERELLE_NEED(ANeuralNetworksModel_finish)
  PASSERELLE_NEED(ANeuralNetworksModel_addOperand)
  PASSERELLE_NEED(ANeuralNetworksModel_setOperandValue)
  PASSERELLE_NEED(ANeuralNetworksModel_setOperandValueFromMemory)
  PASSERELLE_NEED(ANeuralNetworksModel_addOperation)
  PASSERELLE_NEED(ANeuralNetworksModel_identifyInputsAndOutputs)
  PASSERELLE_NEED(ANeuralNetworksCompilation_create)
  PASSERELLE_NEED(ANeuralNetworksCompilation_free)
  PASSERELLE_NEED(ANeuralNetworksCompilation_setPreference)
  PASSERELLE_NEED(ANeuralNetworksCompilation_finish)
  PASSERELLE_NEED(ANeuralNetworksExecution_create)
  PASSERELLE_NEED(ANeuralNetworksExecution_free)
  PASSERELLE_NEED(ANeuralNetworksExecution_setInput)
  PASSERELLE_NEED(ANeuralNetworksExecution_setInputFromMemory)
  PASSERELLE_NEED(ANeuralNetworksExecution_setOutput)
  PASSERELLE_NEED(ANeuralNetworksExecution_setOutputFromMemory)
  PASSERELLE_NEED(ANeuralNetworksExecution_startCompute)
  PASSERELLE_NEED(ANeuralNetworksEvent_wait)
  PASSERELLE_NEED(ANeuralNetworksEvent_free)
  PASSERELLE_NEED(ANeuralNetworksMemory_createFromFd)
  PASSERELLE_NEED(ANeuralNetworksMemory_free)
#undef PASSERELLE_NEED
  return nullptr;
}

/// From level 5 on the library says it. Before, each Android version brought functions of its own, and none went away.
uint32_t level_of(const Functions& functions) {
  if (functions.ANeuralNetworks_getRuntimeFeatureLevel)
    return level_of_number(functions.ANeuralNetworks_getRuntimeFeatureLevel());
  if (functions.ANeuralNetworksMemoryDesc_create) return 4;
  if (functions.ANeuralNetworks_getDeviceCount) return 3;
  if (functions.ANeuralNetworksModel_relaxComputationFloat32toFloat16) return 2;
  return 1;
}

uint32_t features_of(const Functions& functions) {
  struct Row {
    passerelle_feature feature;
    bool there;
  };
  const auto& f = functions;
  const Row rows[] = {
      {PASSERELLE_FEATURE_FP16, f.ANeuralNetworksModel_relaxComputationFloat32toFloat16 != nullptr},
      {PASSERELLE_FEATURE_DEVICES, f.ANeuralNetworksCompilation_createForDevices != nullptr},
      {PASSERELLE_FEATURE_CACHING, f.ANeuralNetworksCompilation_setCaching != nullptr},
      {PASSERELLE_FEATURE_BURST,
       f.ANeuralNetworksBurst_create && f.ANeuralNetworksBurst_free && f.ANeuralNetworksExecution_burstCompute},
      {PASSERELLE_FEATURE_TIMING,
       f.ANeuralNetworksExecution_setMeasureTiming && f.ANeuralNetworksExecution_getDuration},
      {PASSERELLE_FEATURE_HARDWARE_BUFFERS, f.ANeuralNetworksMemory_createFromAHardwareBuffer != nullptr},
      {PASSERELLE_FEATURE_PRIORITY, f.ANeuralNetworksCompilation_setPriority != nullptr},
      {PASSERELLE_FEATURE_TIMEOUT, f.ANeuralNetworksCompilation_setTimeout && f.ANeuralNetworksExecution_setTimeout},
      {PASSERELLE_FEATURE_REUSE, f.ANeuralNetworksExecution_setReusable != nullptr}};
  uint32_t features = 0;
  for (const Row& row : rows)
    if (row.there) features |= row.feature;
  return features;
}

passerelle_status describe(const Functions& functions, uint32_t index, Device& device, passerelle_error* error) {
  const std::string what = text({"device ", index});
  ANeuralNetworksDevice* handle = nullptr;
  int64_t level = 0;
  if (int result = functions.ANeuralNetworks_getDevice(index, &handle))
    return fail_in_nnapi(error, "ANeuralNetworks_getDevice", result, what);
  device.handle = handle;
  if (int result = functions.ANeuralNetworksDevice_getName(handle, &device.name))
    return fail_in_nnapi(error, "ANeuralNetworksDevice_getName", result, what);
  if (int result = functions.ANeuralNetworksDevice_getVersion(handle, &device.version))
    return fail_in_nnapi(error, "ANeuralNetworksDevice_getVersion", result, what);
  if (int result = functions.ANeuralNetworksDevice_getType(handle, &device.type))
    return fail_in_nnapi(error, "ANeuralNetworksDevice_getType", result, what);
  if (int result = functions.ANeuralNetworksDevice_getFeatureLevel(handle, &level))
    return fail_in_nnapi(error, "ANeuralNetworksDevice_getFeatureLevel", result, what);
  device.feature_level = level_of_number(level);
  return PASSERELLE_OK;
}

passerelle_status find_devices(Library& library, passerelle_error* error) {
  const Functions& functions = library.functions;
  if (!functions.ANeuralNetworks_getDeviceCount || !functions.ANeuralNetworks_getDevice ||
      !functions.ANeuralNetworksDevice_getName || !functions.ANeuralNetworksDevice_getVersion ||
      !functions.ANeuralNetworksDevice_getType || !functions.ANeuralNetworksDevice_getFeatureLevel)
    return PASSERELLE_OK;
  uint32_t count = 0;
  if (int result = functions.ANeuralNetworks_getDeviceCount(&count))
    return fail_in_nnapi(error, "ANeuralNetworks_getDeviceCount", result, {});
  library.devices.resize(count);
  for (uint32_t index = 0; index < count; ++index) {
    const passerelle_status status = describe(functions, index, library.devices[index], error);
    if (status != PASSERELLE_OK) return status;
  }
  return PASSERELLE_OK;
}

passerelle_status missing(passerelle_error* error, const std::string& message) {
  return fail(error, PASSERELLE_NNAPI_MISSING, message);
}

passerelle_status open(const char* path, std::shared_ptr<const Library>& out, passerelle_error* error) {
  auto library = std::make_shared<Library>();
  library->name = path ? path : system_library;
  // NODELETE: NNAPI runtimes keep threads and callbacks, which must not lose their code.
  void* handle = dlopen(library->name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char* reason = dlerror();
    return missing(error, text({"cannot load the NNAPI library: ", (reason ? reason : library->name)}));
  }
  look_up(handle, library->functions);
  dlclose(handle);  // gives back the handle, not the library
  if (const char* function = missing_function(library->functions))
    return missing(error, text({library->name, " is no NNAPI library: it has no function ", function}));
  library->feature_level = level_of(library->functions);
  if (library->feature_level == 0)
    return missing(error, text({library->name, " reports no feature level that NNAPI has"}));
  library->features = features_of(library->functions);
  const passerelle_status status = find_devices(*library, error);
  if (status == PASSERELLE_OK) out = std::move(library);
  return status;
}

}  // namespace

std::string level_name(uint32_t level) {
  std::string name = text({"feature level ", level});
  if (level >= 1 && level <= last_api_feature_level)
    name += " (Android API " + std::to_string(first_api_level + level - 1) + ")";
  return name;
}

}  // namespace passerelle::loader

using passerelle::text;
using passerelle::loader::fail;

passerelle_status passerelle_nnapi_open(const char* path, passerelle_nnapi** nnapi, passerelle_error* error) noexcept {
  if (!nnapi) return fail(error, PASSERELLE_INVALID_ARGUMENT, "nnapi is NULL");
  *nnapi = nullptr;
  std::shared_ptr<const passerelle::loader::Library> library;
  const passerelle_status status = passerelle::loader::open(path, library, error);
  if (status == PASSERELLE_OK) *nnapi = new passerelle_nnapi{std::move(library)};
  return status;
}

void passerelle_nnapi_close(passerelle_nnapi* nnapi) noexcept { delete nnapi; }

uint32_t passerelle_nnapi_feature_level(const passerelle_nnapi* nnapi) noexcept {
  return nnapi ? nnapi->library->feature_level : 0;
}

uint32_t passerelle_nnapi_features(const passerelle_nnapi* nnapi) noexcept {
  return nnapi ? nnapi->library->features : 0;
}

uint32_t passerelle_nnapi_device_count(const passerelle_nnapi* nnapi) noexcept {
  return nnapi ? static_cast<uint32_t>(nnapi->library->devices.size()) : 0;
}

passerelle_status passerelle_nnapi_describe_device(const passerelle_nnapi* nnapi, uint32_t index,
                                                   passerelle_device_info* info, passerelle_error* error) noexcept {
  if (!nnapi) return fail(error, PASSERELLE_INVALID_ARGUMENT, "nnapi is NULL");
  if (index >= nnapi->library->devices.size())
    return fail(error, PASSERELLE_INVALID_ARGUMENT, text({"there is no device ", index}));
  const passerelle::loader::Device& device = nnapi->library->devices[index];
  passerelle_device_info known{};
  known.name = device.name;
  known.version = device.version;
  known.type = device.type >= ANEURALNETWORKS_DEVICE_OTHER && device.type <= ANEURALNETWORKS_DEVICE_ACCELERATOR
                   ? static_cast<passerelle_device_type>(device.type)
                   : PASSERELLE_DEVICE_UNKNOWN;
  known.feature_level = device.feature_level;
  known.is_reference = device.is_reference();
  return passerelle::loader::fill(info, known, error);
}
