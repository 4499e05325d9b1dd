#include "failure.h"

#include <cstring>

#include "passerelle/nnapi/c_api.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

constexpr const char* result_names[] = {"NO_ERROR",
                                        "OUT_OF_MEMORY",
                                        "INCOMPLETE",
                                        "UNEXPECTED_NULL",
                                        "BAD_DATA",
                                        "OP_FAILED",
                                        "BAD_STATE",
                                        "UNMAPPABLE",
                                        "OUTPUT_INSUFFICIENT_SIZE",
                                        "UNAVAILABLE_DEVICE",
                                        "MISSED_DEADLINE_TRANSIENT",
                                        "MISSED_DEADLINE_PERSISTENT",
                                        "RESOURCE_EXHAUSTED_TRANSIENT",
                                        "RESOURCE_EXHAUSTED_PERSISTENT",
                                        "DEAD_OBJECT"};
constexpr int result_count = sizeof(result_names) / sizeof(result_names[0]);
static_assert(result_count == ANEURALNETWORKS_DEAD_OBJECT + 1);

constexpr const char* status_names[] = {"PASSERELLE_OK",
                                        "PASSERELLE_INVALID_ARGUMENT",
                                        "PASSERELLE_CANNOT_READ",
                                        "PASSERELLE_NOT_A_MODEL",
                                        "PASSERELLE_DAMAGED_MODEL",
                                        "PASSERELLE_NEWER_MODEL",
                                        "PASSERELLE_OUT_OF_MEMORY",
                                        "PASSERELLE_NNAPI_MISSING",
                                        "PASSERELLE_NNAPI_TOO_OLD",
                                        "PASSERELLE_NO_SUCH_DEVICE",
                                        "PASSERELLE_NNAPI_FAILED",
                                        "PASSERELLE_UNSUPPORTED",
                                        "PASSERELLE_TIMED_OUT",
                                        "PASSERELLE_DEVICE_SUSPECTED"};
constexpr int status_count = sizeof(status_names) / sizeof(status_names[0]);
static_assert(status_count == PASSERELLE_DEVICE_SUSPECTED + 1);

/// Where to cut, so that no UTF-8 character is halved.
size_t whole_characters(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text.size();
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return limit;
}

}  // namespace

passerelle_status fail(passerelle_error* error, passerelle_status status, const std::string& message) {
  if (!error) return status;
  error->status = status;
  error->nnapi_result = 0;
  const size_t size = whole_characters(message, PASSERELLE_MESSAGE_SIZE - 1);
  std::memcpy(error->message, message.data(), size);
  error->message[size] = 0;
  std::memset(error->reserved, 0, sizeof error->reserved);
  return status;
}

passerelle_status fail_in_nnapi(passerelle_error* error, const char* function, int result, const std::string& what) {
  const char* name = result >= 0 && result < result_count ? result_names[result] : "an unknown result";
  std::string message = text({function, " failed with ", name, " (", result, ")"});
  if (!what.empty()) message += ": " + what;
  const bool missed =
      result == ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT || result == ANEURALNETWORKS_MISSED_DEADLINE_PERSISTENT;
  const passerelle_status status = fail(error, missed ? PASSERELLE_TIMED_OUT : PASSERELLE_NNAPI_FAILED, message);
  if (error) error->nnapi_result = result;
  return status;
}

passerelle_status status_of(blob::Failure failure) {
  switch (failure) {
    case blob::Failure::not_a_model: return PASSERELLE_NOT_A_MODEL;
    case blob::Failure::newer: return PASSERELLE_NEWER_MODEL;
    case blob::Failure::damaged: return PASSERELLE_DAMAGED_MODEL;
    case blob::Failure::none:
    case blob::Failure::system: break;
  }
  return PASSERELLE_CANNOT_READ;
}

}  // namespace passerelle::loader

uint32_t passerelle_loader_version() noexcept {
  return uint32_t{PASSERELLE_LOADER_VERSION_MAJOR} << 16 | PASSERELLE_LOADER_VERSION_MINOR;
}

const char* passerelle_status_name(int status) noexcept {
  using passerelle::loader::status_count;
  using passerelle::loader::status_names;
  return status >= 0 && status < status_count ? status_names[status] : "an unknown status";
}
