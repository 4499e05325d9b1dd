// What a call into the host NNAPI comes to: NNAPI's result code, and one sentence for the person who debugs it.
#pragma once

#include <string>
#include <utility>

#include "passerelle/nnapi/c_api.h"

namespace passerelle::hostnn {

struct [[nodiscard]] Status {
  int code = ANEURALNETWORKS_NO_ERROR;
  std::string message;

  bool ok() const { return code == ANEURALNETWORKS_NO_ERROR; }
};

inline Status success() { return {}; }
inline Status unexpected_null(std::string message) { return {ANEURALNETWORKS_UNEXPECTED_NULL, std::move(message)}; }
inline Status bad_data(std::string message) { return {ANEURALNETWORKS_BAD_DATA, std::move(message)}; }
inline Status bad_state(std::string message) { return {ANEURALNETWORKS_BAD_STATE, std::move(message)}; }
inline Status operation_failed(std::string message) { return {ANEURALNETWORKS_OP_FAILED, std::move(message)}; }

}  // namespace passerelle::hostnn

/// Hands a failure on to the caller.
#define PASSERELLE_RETURN_IF_FAILED(expression)                                             \
  do {                                                                                      \
    if (::passerelle::hostnn::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)
