#include "compilation.h"

#include <algorithm>

#include "devices.h"
#include "failure.h"
#include "passerelle/support/text.h"

using namespace passerelle::loader;
using passerelle::text;

passerelle_status passerelle_compilation_describe(const passerelle_compilation* compilation,
                                                  passerelle_compilation_info* info, passerelle_error* error) noexcept {
  if (!compilation) return fail(error, PASSERELLE_INVALID_ARGUMENT, "compilation is NULL");
  const Compiled& compiled = *compilation->compiled;
  passerelle_compilation_info known{};
  for (const Device* device : compiled.devices) known.devices |= bit_of(*compiled.library, *device);
  known.suspected_devices = compiled.suspected_devices;
  known.reference_operations = compiled.reference_operations;
  known.only_reference = compiled.only_reference;
  known.ignored_features = compiled.ignored_features;
  known.retried = compiled.retried;
  known.retry_reason = compiled.retry_reason.c_str();
  return fill(info, known, error);
}

passerelle_status passerelle_compilation_query_devices(const passerelle_compilation* compilation, uint64_t* devices,
                                                       uint32_t count, passerelle_error* error) noexcept {
  if (!compilation) return fail(error, PASSERELLE_INVALID_ARGUMENT, "compilation is NULL");
  const Compiled& compiled = *compilation->compiled;
  const Library& library = *compiled.library;
  const uint32_t operations = compiled.file->view().operation_count();
  if (!devices || count != operations)
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                text({"the model has ", operations, " operations, and the caller has room for ", devices ? count : 0}));
  if (!library.functions.ANeuralNetworksModel_getSupportedOperationsForDevices)
    return fail(error, PASSERELLE_NNAPI_TOO_OLD,
                text({"devices can be asked what they run from ", level_name(3), ", and ", library.name, " has ",
                      level_name(library.feature_level)}));
  std::vector<const Device*> asked = compiled.devices;
  if (asked.empty())
    for (const Device& device : library.devices) asked.push_back(&device);
  std::vector<uint64_t> sets(count, 0);
  std::vector<bool> supported;
  for (const Device* device : asked) {
    const passerelle_status status = query_support(compiled, *device, supported, error);
    if (status != PASSERELLE_OK) return status;
    for (uint32_t i = 0; i < count; ++i)
      if (supported[i]) sets[i] |= bit_of(library, *device);
  }
  std::copy(sets.begin(), sets.end(), devices);
  return PASSERELLE_OK;
}
