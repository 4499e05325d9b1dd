#include "handles.h"

using namespace passerelle::hostnn;

namespace {

const ANeuralNetworksDevice& device_handle() {
  static const ANeuralNetworksDevice handle{host_device()};
  return handle;
}

/// A non-empty list without nulls or doubles: as there is one device, that is the list of it alone.
Status check_devices(const ANeuralNetworksDevice* const* devices, uint32_t count) {
  if (count == 0) return bad_data("an empty list of devices");
  for (uint32_t i = 0; i < count; ++i) {
    if (devices[i] == nullptr) return unexpected_null("device " + std::to_string(i) + " is null");
    if (devices[i] != &device_handle())
      return bad_data("device " + std::to_string(i) + " is not one of this runtime's");
  }
  return count == 1 ? success() : bad_data("a device occurs twice");
}

}  // namespace

int ANeuralNetworks_getDeviceCount(uint32_t* numDevices) {
  return guarded(__func__, [&] {
    if (any_null(numDevices)) return null_argument();
    *numDevices = 1;
    return success();
  });
}

int ANeuralNetworks_getDevice(uint32_t devIndex, ANeuralNetworksDevice** device) {
  return guarded(__func__, [&] {
    if (any_null(device)) return null_argument();
    if (devIndex != 0) return bad_data("there is no device " + std::to_string(devIndex));
    *device = const_cast<ANeuralNetworksDevice*>(&device_handle());
    return success();
  });
}

int ANeuralNetworksDevice_getName(const ANeuralNetworksDevice* device, const char** name) {
  return guarded(__func__, [&] {
    if (any_null(device, name)) return null_argument();
    *name = device->name;
    return success();
  });
}

int ANeuralNetworksDevice_getVersion(const ANeuralNetworksDevice* device, const char** version) {
  return guarded(__func__, [&] {
    if (any_null(device, version)) return null_argument();
    *version = device->version;
    return success();
  });
}

int ANeuralNetworksDevice_getType(const ANeuralNetworksDevice* device, int32_t* type) {
  return guarded(__func__, [&] {
    if (any_null(device, type)) return null_argument();
    *type = ANEURALNETWORKS_DEVICE_CPU;
    return success();
  });
}

int ANeuralNetworksDevice_getFeatureLevel(const ANeuralNetworksDevice* device, int64_t* featureLevel) {
  return guarded(__func__, [&] {
    if (any_null(device, featureLevel)) return null_argument();
    *featureLevel = passerelle::nnapi::feature_level_number(claimed_feature_level());
    return success();
  });
}

int ANeuralNetworksDevice_wait(const ANeuralNetworksDevice* device) {
  return guarded(__func__, [&] { return any_null(device) ? null_argument() : success(); });
}

int64_t ANeuralNetworks_getRuntimeFeatureLevel() {
  return passerelle::nnapi::feature_level_number(claimed_feature_level());
}

int ANeuralNetworksModel_getSupportedOperationsForDevices(const ANeuralNetworksModel* model,
                                                          const ANeuralNetworksDevice* const* devices,
                                                          uint32_t numDevices, bool* supportedOps) {
  return guarded(__func__, [&] {
    if (any_null(model, devices, supportedOps)) return null_argument();
    if (Status status = check_devices(devices, numDevices); !status.ok()) return status;
    if (!model->is_finished()) return bad_state("the model is not finished, or invalid");
    const Graph& graph = *model->graph();
    for (size_t i = 0; i < graph.operations.size(); ++i)
      supportedOps[i] = why_unsupported(graph, graph.operations[i]).empty();
    return success();
  });
}

int ANeuralNetworksCompilation_createForDevices(ANeuralNetworksModel* model,
                                                const ANeuralNetworksDevice* const* devices, uint32_t numDevices,
                                                ANeuralNetworksCompilation** compilation) {
  return guarded(__func__, [&] {
    if (any_null(model, devices, compilation)) return null_argument();
    *compilation = nullptr;
    if (Status status = check_devices(devices, numDevices); !status.ok()) return status;
    if (!model->is_finished()) return bad_state("the model is not finished, or invalid");
    *compilation = new ANeuralNetworksCompilation(model->graph(), true);
    return success();
  });
}
