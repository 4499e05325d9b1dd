#include "last_error.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace passerelle::hostnn {
namespace {

thread_local std::string last_message;

bool wants_log() {
  const char* value = std::getenv("PASSERELLE_HOSTNN_LOG");
  return value != nullptr && std::strcmp(value, "1") == 0;
}

}  // namespace

int report(const char* function, const Status& status) {
  if (status.ok()) return status.code;
  last_message = std::string(function) + ": " + status.message;
  if (wants_log()) std::fprintf(stderr, "hostnn: %s (result %d)\n", last_message.c_str(), status.code);
  return status.code;
}

}  // namespace passerelle::hostnn

extern "C" __attribute__((visibility("default"))) const char* passerelle_hostnn_last_error() {
  return passerelle::hostnn::last_message.c_str();
}
