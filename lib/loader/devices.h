// Which of a library's devices a model is compiled for.
#pragma once

#include <string>
#include <vector>

#include "compilation.h"

namespace passerelle::loader {

/// The set that has this device alone: bit i stands for device i. 0 beyond the first 64.
uint64_t bit_of(const Library& library, const Device& device);

/// What the options say, before the model is known.
struct Candidates {
  std::vector<const Device*> devices;  ///< never the reference device, unless it was named or nothing else is there
  const Device* reference = nullptr;   ///< for operations that no candidate can run; null where it may not be used
  /// NNAPI's own, which runs branches and loops where no driver does, and their parts on the devices: where one was
  /// named, too.
  const Device* interpreter = nullptr;
  uint64_t suspected = 0;
  bool named = false;
  bool listed = false;  ///< whether NNAPI is to be given a list at all
};

/// `suspects`: the marks of devices to stay off (crash_mark.h).
passerelle_status find_candidates(const Library& library, const passerelle_compile_options& options,
                                  const std::vector<std::string>& suspects, Candidates& out, passerelle_error* error);

/// supported[k]: whether the device can run operation k. Needs ANeuralNetworksModel_getSupportedOperationsForDevices.
passerelle_status query_support(const BuiltModel& model, const Device& device, std::vector<bool>& supported,
                                passerelle_error* error);

/// Fills in target.devices and what is told about them; target.model is finished.
passerelle_status choose_devices(Compiled& target, const Candidates& candidates, passerelle_error* error);

}  // namespace passerelle::loader
