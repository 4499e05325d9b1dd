#include "device.h"

#include <cstdlib>

namespace passerelle::hostnn {

const Device& host_device() {
  static const Device device{"passerelle-host", "1"};
  return device;
}

nnapi::FeatureLevel claimed_feature_level() {
  const char* value = std::getenv("PASSERELLE_HOSTNN_FEATURE_LEVEL");
  if (value == nullptr || value[0] < '1' || value[0] > '8' || value[1] != '\0') return nnapi::highest_feature_level;
  return value[0] - '0';
}

}  // namespace passerelle::hostnn
