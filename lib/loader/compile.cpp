#include <algorithm>

#include "build.h"
#include "caching.h"
#include "compilation.h"
#include "crash_mark.h"
#include "devices.h"
#include "failure.h"
#include "model.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

constexpr int32_t preferences[] = {0, ANEURALNETWORKS_PREFER_LOW_POWER, ANEURALNETWORKS_PREFER_FAST_SINGLE_ANSWER,
                                   ANEURALNETWORKS_PREFER_SUSTAINED_SPEED};
constexpr int32_t priorities[] = {0, ANEURALNETWORKS_PRIORITY_LOW, ANEURALNETWORKS_PRIORITY_MEDIUM,
                                  ANEURALNETWORKS_PRIORITY_HIGH};

bool within(int32_t value, int32_t first, int32_t last) { return value >= first && value <= last; }

bool are_known(const passerelle_compile_options& options) {
  return within(options.preference, PASSERELLE_PREFER_NOTHING, PASSERELLE_PREFER_SUSTAINED_SPEED) &&
         within(options.fp16, PASSERELLE_FP16_AS_MODEL_SAYS, PASSERELLE_FP16_FORBIDDEN) &&
         within(options.device_type, PASSERELLE_DEVICE_UNKNOWN, PASSERELLE_DEVICE_ACCELERATOR) &&
         within(options.reference, PASSERELLE_REFERENCE_IF_NEEDED, PASSERELLE_REFERENCE_ALLOWED) &&
         within(options.priority, PASSERELLE_PRIORITY_DEFAULT, PASSERELLE_PRIORITY_HIGH);
}

/// Where the reference device may not help, the best of the devices has to know all that the model needs.
passerelle_status check_level(const blob::View& view, const Library& library, const Candidates& candidates,
                              passerelle_error* error) {
  const uint32_t needed = static_cast<uint32_t>(view.feature_level());
  uint32_t available = library.feature_level;
  std::string who = library.name;
  if (candidates.listed && !candidates.reference) {
    uint32_t best = 0;
    for (const Device* device : candidates.devices) best = std::max(best, device->feature_level);
    if (best < available) {
      available = best;
      who = (candidates.devices.size() == 1 ? std::string("the device ") + candidates.devices[0]->name
                                            : std::string("every device that may be used")) +
            " of " + library.name;
    }
  }
  if (needed <= available) return PASSERELLE_OK;
  return fail(error, PASSERELLE_NNAPI_TOO_OLD,
              text({"the model needs NNAPI's ", level_name(needed), ", and ", who, " has ", level_name(available),
                    "; convert it with --feature-level ", available}));
}

passerelle_status check_timeout(const Compiled& target, const passerelle_compile_options& options,
                                passerelle_error* error) {
  if (options.timeout == 0) return PASSERELLE_OK;
  if (!target.library->functions.ANeuralNetworksCompilation_setTimeout)
    return fail(error, PASSERELLE_NNAPI_TOO_OLD,
                text({"compiling has timeouts from ", level_name(4), ", and ", target.library->name, " has ",
                      level_name(target.library->feature_level)}));
  if (target.devices.size() == 1) return PASSERELLE_OK;
  return fail(error, PASSERELLE_INVALID_ARGUMENT,
              text({"a timeout needs exactly one device, and ", target.devices.size(),
                    " were chosen: name one in the compile options"}));
}

uint32_t features_asked_for(const passerelle_compile_options& options, bool relax_fp16) {
  uint32_t features = 0;
  if (relax_fp16) features |= PASSERELLE_FEATURE_FP16;
  if (options.cache_directory) features |= PASSERELLE_FEATURE_CACHING;
  if (options.priority != PASSERELLE_PRIORITY_DEFAULT) features |= PASSERELLE_FEATURE_PRIORITY;
  return features;
}

/// One try: creates target.compilation and finishes it.
class Compiler {
 public:
  Compiler(Compiled& target, const passerelle_compile_options& options, bool relax_fp16, passerelle_error* error)
      : target_(target),
        functions_(target.library->functions),
        options_(options),
        relax_fp16_(relax_fp16),
        error_(error) {}

  passerelle_status run() {
    passerelle_status status = create();
    if (status == PASSERELLE_OK) status = set_preference();
    if (status == PASSERELLE_OK) status = set_priority();
    if (status == PASSERELLE_OK) status = set_timeout();
    if (status == PASSERELLE_OK)
      status = set_caching(target_, target_.compilation.get(), options_, relax_fp16_, error_);
    return status == PASSERELLE_OK ? finish() : status;
  }

 private:
  passerelle_status create() {
    ANeuralNetworksCompilation* compilation = nullptr;
    const char* function = "ANeuralNetworksCompilation_create";
    int result;
    if (target_.devices.empty()) {
      result = functions_.ANeuralNetworksCompilation_create(target_.model.get(), &compilation);
    } else {
      function = "ANeuralNetworksCompilation_createForDevices";
      std::vector<const ANeuralNetworksDevice*> handles;
      for (const Device* device : target_.devices) handles.push_back(device->handle);
      result = functions_.ANeuralNetworksCompilation_createForDevices(
          target_.model.get(), handles.data(), static_cast<uint32_t>(handles.size()), &compilation);
    }
    if (result == ANEURALNETWORKS_NO_ERROR) target_.compilation.reset(compilation);
    return checked(result, function, who());
  }

  passerelle_status set_preference() {
    if (options_.preference == PASSERELLE_PREFER_NOTHING) return PASSERELLE_OK;
    return checked(functions_.ANeuralNetworksCompilation_setPreference(target_.compilation.get(),
                                                                       preferences[options_.preference]),
                   "ANeuralNetworksCompilation_setPreference", {});
  }

  passerelle_status set_priority() {
    if (options_.priority == PASSERELLE_PRIORITY_DEFAULT || !functions_.ANeuralNetworksCompilation_setPriority)
      return PASSERELLE_OK;
    return checked(
        functions_.ANeuralNetworksCompilation_setPriority(target_.compilation.get(), priorities[options_.priority]),
        "ANeuralNetworksCompilation_setPriority", {});
  }

  passerelle_status set_timeout() {
    if (options_.timeout == 0) return PASSERELLE_OK;
    return checked(functions_.ANeuralNetworksCompilation_setTimeout(target_.compilation.get(), options_.timeout),
                   "ANeuralNetworksCompilation_setTimeout", {});
  }

  passerelle_status finish() {
    CrashMark mark;
    const passerelle_status status = mark.enter(target_.crash_directory, *target_.library, target_.devices, error_);
    if (status != PASSERELLE_OK) return status;
    return checked(functions_.ANeuralNetworksCompilation_finish(target_.compilation.get()),
                   "ANeuralNetworksCompilation_finish", text({who(), " cannot compile the model"}));
  }

  std::string who() const {
    if (target_.devices.empty()) return target_.library->name;
    std::string names;
    for (const Device* device : target_.devices) names += (names.empty() ? "" : ", ") + std::string(device->name);
    return names;
  }

  passerelle_status checked(int result, const char* function, const std::string& what) {
    return result == ANEURALNETWORKS_NO_ERROR ? PASSERELLE_OK : fail_in_nnapi(error_, function, result, what);
  }

  Compiled& target_;
  const Functions& functions_;
  const passerelle_compile_options& options_;
  bool relax_fp16_;
  passerelle_error* error_;
};

/// With the chosen devices; and where they accepted the model and then fail, once more without a list.
passerelle_status compile(Compiled& target, const passerelle_compile_options& options, bool relax_fp16,
                          bool any_suspects, passerelle_error* error) {
  passerelle_error first{};
  const passerelle_status status = Compiler(target, options, relax_fp16, &first).run();
  if (status == PASSERELLE_OK) return status;
  const bool may_retry = status == PASSERELLE_NNAPI_FAILED && !target.devices.empty() && !options.device &&
                         options.reference != PASSERELLE_REFERENCE_FORBIDDEN && options.timeout == 0 &&
                         options.no_retry == 0 && !any_suspects;
  if (!may_retry) {
    if (error) *error = first;
    return status;
  }
  target.compilation.reset();
  target.devices.clear();
  target.reference_operations = 0;
  target.only_reference = false;
  target.retried = true;
  target.retry_reason = first.message;
  return Compiler(target, options, relax_fp16, error).run();
}

passerelle_status make(const passerelle_model& model, const passerelle_nnapi& nnapi,
                       const passerelle_compile_options& options, std::shared_ptr<const Compiled>& out,
                       passerelle_error* error) {
  const Library& library = *nnapi.library;
  const blob::View& view = model.file->view();
  std::vector<std::string> suspects;
  Candidates candidates;
  passerelle_status status = PASSERELLE_OK;
  if (options.crash_directory) status = find_crash_marks(options.crash_directory, suspects, error);
  if (status == PASSERELLE_OK) status = find_candidates(library, options, suspects, candidates, error);
  if (status == PASSERELLE_OK) status = check_level(view, library, candidates, error);
  if (status == PASSERELLE_OK && options.cache_directory)
    status = check_cache_directory(options.cache_directory, error);
  if (status == PASSERELLE_OK && !options.skip_weight_check) status = passerelle_model_verify_weights(&model, error);
  if (status != PASSERELLE_OK) return status;

  const bool relax_fp16 =
      options.fp16 == PASSERELLE_FP16_ALLOWED || (options.fp16 == PASSERELLE_FP16_AS_MODEL_SAYS && view.relax_fp16());
  auto made = std::make_shared<Compiled>(model.file, nnapi.library);
  if (options.crash_directory) made->crash_directory = options.crash_directory;
  made->ignored_features = features_asked_for(options, relax_fp16) & ~library.features;
  status = build_model(*made, relax_fp16, error);
  if (status == PASSERELLE_OK) status = choose_devices(*made, candidates, error);
  if (status == PASSERELLE_OK) status = check_timeout(*made, options, error);
  if (status == PASSERELLE_OK) status = compile(*made, options, relax_fp16, !suspects.empty(), error);
  if (status == PASSERELLE_OK) out = std::move(made);
  return status;
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
  std::shared_ptr<const Compiled> compiled;
  const passerelle_status status = make(*model, *nnapi, known, compiled, error);
  if (status == PASSERELLE_OK) *compilation = new passerelle_compilation{std::move(compiled)};
  return status;
}

void passerelle_compilation_close(passerelle_compilation* compilation) noexcept { delete compilation; }
