#include "devices.h"

#include <algorithm>
#include <memory>

#include "build.h"
#include "crash_mark.h"
#include "failure.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

std::string names_of(const Library& library) {
  std::string names;
  for (const Device& device : library.devices) names += (names.empty() ? "" : ", ") + std::string(device.name);
  return names.empty() ? "none" : names;
}

const char* type_name(int32_t type) {
  constexpr const char* names[] = {"any", "other", "CPU", "GPU", "accelerator"};
  return names[type];
}

bool contains(const std::vector<std::string>& marks, const std::string& mark) {
  return std::find(marks.begin(), marks.end(), mark) != marks.end();
}

passerelle_status suspected(const std::string& who, const char* directory, passerelle_error* error) {
  return fail(error, PASSERELLE_DEVICE_SUSPECTED,
              text({who, " took a process down while it compiled or first ran a model, as ", directory,
                    " says; passerelle_crash_marks_clear gives it another chance"}));
}

passerelle_status find_named(const Library& library, const passerelle_compile_options& options,
                             const std::vector<std::string>& suspects, Candidates& out, passerelle_error* error) {
  for (const Device& device : library.devices) {
    if (std::string(device.name) != options.device) continue;
    if (contains(suspects, mark_of(device)))
      return suspected(text({"the device ", device.name}), options.crash_directory, error);
    out.devices = {&device};
    for (const Device& other : library.devices)
      if (other.is_reference() && options.reference != PASSERELLE_REFERENCE_FORBIDDEN) out.interpreter = &other;
    return PASSERELLE_OK;
  }
  return fail(error, PASSERELLE_NO_SUCH_DEVICE,
              text({"there is no NNAPI device ", options.device, "; there are: ", names_of(library)}));
}

passerelle_status find_by_type(const Library& library, const passerelle_compile_options& options,
                               const std::vector<std::string>& suspects, Candidates& out, passerelle_error* error) {
  bool of_type = false;
  for (const Device& device : library.devices) {
    const bool wanted = options.device_type == PASSERELLE_DEVICE_UNKNOWN || device.type == options.device_type;
    of_type |= wanted;
    if (device.is_reference()) {
      if (options.reference != PASSERELLE_REFERENCE_FORBIDDEN) out.reference = &device;
    } else if (wanted && contains(suspects, mark_of(device))) {
      out.suspected |= bit_of(library, device);
    } else if (wanted) {
      out.devices.push_back(&device);
    }
  }
  if (!of_type && options.device_type != PASSERELLE_DEVICE_UNKNOWN)
    return fail(error, PASSERELLE_NO_SUCH_DEVICE,
                text({"there is no NNAPI device of type ", type_name(options.device_type),
                      "; there are: ", names_of(library)}));
  if (!out.devices.empty() || out.reference) return PASSERELLE_OK;
  if (out.suspected) return suspected(text({"every device of ", library.name}), options.crash_directory, error);
  if (options.reference == PASSERELLE_REFERENCE_FORBIDDEN)
    return fail(error, PASSERELLE_NO_SUCH_DEVICE,
                text({library.name, " has no device but NNAPI's own CPU implementation, which the options forbid"}));
  out.listed = false;  // a library without any device
  return PASSERELLE_OK;
}

std::string names_of(const std::vector<const Device*>& devices) {
  std::string names;
  for (const Device* device : devices) names += (names.empty() ? "" : ", ") + std::string(device->name);
  return names;
}

}  // namespace

uint64_t bit_of(const Library& library, const Device& device) {
  const size_t index = static_cast<size_t>(&device - library.devices.data());
  return index < 64 ? uint64_t{1} << index : 0;
}

passerelle_status find_candidates(const Library& library, const passerelle_compile_options& options,
                                  const std::vector<std::string>& suspects, Candidates& out, passerelle_error* error) {
  const bool can_list = library.functions.ANeuralNetworksCompilation_createForDevices;
  const bool must_list = options.device || options.device_type != PASSERELLE_DEVICE_UNKNOWN ||
                         options.reference == PASSERELLE_REFERENCE_FORBIDDEN;
  if (must_list && !can_list)
    return fail(error, PASSERELLE_NNAPI_TOO_OLD,
                text({"devices can be chosen from ", level_name(3), ", and ", library.name, " has ",
                      level_name(library.feature_level)}));
  if (must_list && options.reference == PASSERELLE_REFERENCE_ALLOWED)
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                "PASSERELLE_REFERENCE_ALLOWED lets NNAPI choose, and device or device_type does not");
  out.listed = can_list && options.reference != PASSERELLE_REFERENCE_ALLOWED;
  out.named = options.device != nullptr;
  if (out.named) return find_named(library, options, suspects, out, error);
  if (out.listed) return find_by_type(library, options, suspects, out, error);
  // NNAPI chooses among devices that can't be told apart: a crash of any is a crash of the library's.
  return suspects.empty() ? PASSERELLE_OK
                          : suspected(text({"a device of ", library.name}), options.crash_directory, error);
}

passerelle_status query_support(const BuiltModel& model, const Device& device, std::vector<bool>& supported,
                                passerelle_error* error) {
  const uint32_t count = model.file->view().operation_count();
  const std::unique_ptr<bool[]> answers(new bool[count]());
  const int result = model.library->functions.ANeuralNetworksModel_getSupportedOperationsForDevices(
      model.model.get(), &device.handle, 1, answers.get());
  if (result != ANEURALNETWORKS_NO_ERROR)
    return fail_in_nnapi(error, "ANeuralNetworksModel_getSupportedOperationsForDevices", result, device.name);
  supported.assign(answers.get(), answers.get() + count);
  return PASSERELLE_OK;
}

passerelle_status choose_devices(Compiled& target, const Candidates& candidates, passerelle_error* error) {
  target.suspected_devices = candidates.suspected;
  if (!candidates.listed) return PASSERELLE_OK;
  const uint32_t count = target.file->view().operation_count();
  if (!target.library->functions.ANeuralNetworksModel_getSupportedOperationsForDevices) {
    target.devices = candidates.devices;
    return PASSERELLE_OK;
  }
  std::vector<bool> covered(count, false), supported;
  for (const Device* device : candidates.devices) {
    CrashMark mark;
    passerelle_status status = mark.enter(target.crash_directory, *target.library, {device}, error);
    if (status == PASSERELLE_OK) status = query_support(target, *device, supported, error);
    if (status != PASSERELLE_OK) return status;
    if (std::find(supported.begin(), supported.end(), true) == supported.end()) continue;
    target.devices.push_back(device);
    for (uint32_t i = 0; i < count; ++i) covered[i] = covered[i] || supported[i];
  }
  const auto first = std::find(covered.begin(), covered.end(), false);
  if (first == covered.end()) return PASSERELLE_OK;

  const uint32_t uncovered = static_cast<uint32_t>(std::count(first, covered.end(), false));
  const blob::View& view = target.file->view();
  const auto is_control_flow = [&](uint32_t operation) {
    const nnapi::OperationType type = view.operation(operation).type;
    return type == nnapi::OperationType::IF || type == nnapi::OperationType::WHILE;
  };
  bool only_control_flow = true;
  for (uint32_t i = 0; i < count; ++i) only_control_flow = only_control_flow && (covered[i] || is_control_flow(i));
  const Device* const reference = candidates.named ? nullptr : candidates.reference;
  if (reference || (candidates.interpreter && only_control_flow)) {
    target.only_reference = target.devices.empty() && !candidates.interpreter;
    target.reference_operations = uncovered;
    if (target.devices.empty() && candidates.interpreter) target.devices = candidates.devices;
    target.devices.push_back(reference ? reference : candidates.interpreter);
    return PASSERELLE_OK;
  }
  const uint32_t index = static_cast<uint32_t>(first - covered.begin());
  std::string message =
      text({names_of(candidates.devices), " cannot run ", operation_name(target.file->view(), index)});
  if (uncovered > 1) message += " and " + std::to_string(uncovered - 1) + " more of " + std::to_string(count);
  return fail(error, PASSERELLE_UNSUPPORTED, message);
}

}  // namespace passerelle::loader
