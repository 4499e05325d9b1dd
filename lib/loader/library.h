// A loaded NNAPI library: its functions, its level, its devices.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "passerelle/loader/passerelle.h"
#include "passerelle/nnapi/c_api.h"

namespace passerelle::loader {

/// All of NNAPI's functions; null where the library has none.
struct Functions {
#define PASSERELLE_POINTER(level, result, name, parameters) result(*name) parameters = nullptr;
  PASSERELLE_NNAPI_FUNCTIONS(PASSERELLE_POINTER)
#undef PASSERELLE_POINTER
};

struct Device {
  const ANeuralNetworksDevice* handle = nullptr;
  const char* name = nullptr;
  const char* version = nullptr;
  int32_t type = 0;
  uint32_t feature_level = 0;

  /// NNAPI's own CPU implementation, which is there for testing and for what no driver can do.
  bool is_reference() const { return std::strcmp(name, "nnapi-reference") == 0; }
};

struct Library {
  std::string name;
  Functions functions;
  uint32_t feature_level = 0;
  uint32_t features = 0;  ///< passerelle_feature bits
  std::vector<Device> devices;
};

/// "feature level 3 (Android API 29)"
std::string level_name(uint32_t level);

}  // namespace passerelle::loader

struct passerelle_nnapi {
  std::shared_ptr<const passerelle::loader::Library> library;
};
