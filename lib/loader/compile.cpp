#include <algorithm>

#include "build.h"
#include "compilation.h"
#include "failure.h"
#include "model.h"

namespace passerelle::loader {
namespace {

passerelle_status find_device(const Library& library, const char* name, const Device** device,
                              passerelle_error* error) {
  if (!library.functions.ANeuralNetworksCompilation_createForDevices)
    return fail(error, PASSERELLE_NNAPI_TOO_OLD,
                "a device can be chosen from " + level_name(3) + ", and " + library.name + " has " +
                    level_name(library.feature_level));
  std::string names;
  for (const Device& candidate : library.devices) {
    if (std::string(candidate.name) == name) {
      *device = &candidate;
      return PASSERELLE_OK;
    }
    names += (names.empty() ? "" : ", ") + std::string(candidate.name);
  }
  return fail(error, PASSERELLE_NO_SUCH_DEVICE,
              std::string("there is no NNAPI device ") + name + "; there are: " + (names.empty() ? "none" : names));
}

passerelle_status check_level(const blob::View& view, const Library& library, const Device* device,
                              passerelle_error* error) {
  const uint32_t needed = static_cast<uint32_t>(view.feature_level());
  const uint32_t available = device ? std::min(library.feature_level, device->feature_level) : library.feature_level;
  if (needed <= available) return PASSERELLE_OK;
  const std::string who = device ? std::string("the device ") + device->name + " of " + library.name : library.name;
  return fail(error, PASSERELLE_NNAPI_TOO_OLD,
              "the model needs NNAPI's " + level_name(needed) + ", and " + who + " has " + level_name(available) +
                  "; convert it with --feature-level " + std::to_string(available));
}

bool are_known(const passerelle_compile_options& options) {
  return options.preference >= PASSERELLE_PREFER_NOTHING && options.preference <= PASSERELLE_PREFER_SUSTAINED_SPEED &&
         options.fp16 >= PASSERELLE_FP16_AS_MODEL_SAYS && options.fp16 <= PASSERELLE_FP16_FORBIDDEN;
}

passerelle_status compile(passerelle_compilation& target, const passerelle_compile_options& options,
                          const Device* device, passerelle_error* error) {
  const Functions& functions = target.library->functions;
  ANeuralNetworksCompilation* compilation = nullptr;
  int result;
  if (device) {
    result =
        functions.ANeuralNetworksCompilation_createForDevices(target.model.get(), &device->handle, 1, &compilation);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error, "ANeuralNetworksCompilation_createForDevices", result, device->name);
  } else {
    result = functions.ANeuralNetworksCompilation_create(target.model.get(), &compilation);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error, "ANeuralNetworksCompilation_create", result, {});
  }
  target.compilation.reset(compilation);
  if (options.preference != PASSERELLE_PREFER_NOTHING) {
    constexpr int32_t preferences[] = {0, ANEURALNETWORKS_PREFER_LOW_POWER, ANEURALNETWORKS_PREFER_FAST_SINGLE_ANSWER,
                                       ANEURALNETWORKS_PREFER_SUSTAINED_SPEED};
    result = functions.ANeuralNetworksCompilation_setPreference(compilation, preferences[options.preference]);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error, "ANeuralNetworksCompilation_setPreference", result, {});
  }
  result = functions.ANeuralNetworksCompilation_finish(compilation);
  if (result != ANEURALNETWORKS_NO_ERROR)
    return fail_in_nnapi(
        error, "ANeuralNetworksCompilation_finish", result,
        std::string(device ? device->name : target.library->name.c_str()) + " cannot compile the model");
  return PASSERELLE_OK;
}

}  // namespace
}  // namespace passerelle::loader

using namespace passerelle::loader;

passerelle_status passerelle_compile(const passerelle_model* model, const passerelle_nnapi* nnapi,
                                     const passerelle_compile_options* options, passerelle_compilation** compilation,
                                     passerelle_error* error) noexcept {
  if (!compilation) return fail(error, PASSERELLE_INVALID_ARGUMENT, "compilation is NULL");
  *compilation = nullptr;
  if (!model) return fail(error, PASSERELLE_INVALID_ARGUMENT, "model is NULL");
  if (!nnapi) return fail(error, PASSERELLE_INVALID_ARGUMENT, "nnapi is NULL");
  passerelle_compile_options known = PASSERELLE_COMPILE_OPTIONS_INIT;
  if (!take(options, known) || !are_known(known))
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                "the compile options hold something unknown, or no struct_size: initialise them with "
                "PASSERELLE_COMPILE_OPTIONS_INIT");

  const Device* device = nullptr;
  passerelle_status status = PASSERELLE_OK;
  if (known.device) status = find_device(*nnapi->library, known.device, &device, error);
  if (status == PASSERELLE_OK) status = check_level(model->file->view(), *nnapi->library, device, error);
  if (status != PASSERELLE_OK) return status;
  if (!known.skip_weight_check) status = passerelle_model_verify_weights(model, error);
  if (status != PASSERELLE_OK) return status;
  const bool relax_fp16 = known.fp16 == PASSERELLE_FP16_ALLOWED ||
                          (known.fp16 == PASSERELLE_FP16_AS_MODEL_SAYS && model->file->view().relax_fp16());
  auto made = std::make_unique<passerelle_compilation>(model->file, nnapi->library);
  status = build_model(*made, relax_fp16, error);
  if (status == PASSERELLE_OK) status = compile(*made, known, device, error);
  if (status == PASSERELLE_OK) *compilation = made.release();
  return status;
}

void passerelle_compilation_close(passerelle_compilation* compilation) noexcept { delete compilation; }
