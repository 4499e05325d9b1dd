// The one device: the workstation's processor, through LibTorch.
#pragma once

#include "passerelle/nnapi/operand_type.h"

namespace passerelle::hostnn {

struct Device {
  const char* name;
  const char* version;
};

const Device& host_device();

/// What the device and the runtime claim: 8, or what PASSERELLE_HOSTNN_FEATURE_LEVEL (1 to 8) lowers it to, so that an
/// older phone can be stood in for. Read at each call.
nnapi::FeatureLevel claimed_feature_level();

}  // namespace passerelle::hostnn
