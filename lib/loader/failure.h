// How a C function of ours fails.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "passerelle/blob/view.h"
#include "passerelle/loader/passerelle.h"

namespace passerelle::loader {

/// Fills in `error` where there is one, and returns `status`.
passerelle_status fail(passerelle_error* error, passerelle_status status, const std::string& message);
/// "ANeuralNetworksModel_finish failed with BAD_DATA (4)", and ": what" where `what` is not empty.
passerelle_status fail_in_nnapi(passerelle_error* error, const char* function, int result, const std::string& what);

passerelle_status status_of(blob::Failure failure);

/// A struct that the caller wants filled in, as far as it knows it.
template <typename Info>
passerelle_status fill(Info* info, Info known, passerelle_error* error) {
  if (!info || info->struct_size < sizeof(size_t))
    return fail(error, PASSERELLE_INVALID_ARGUMENT, "the struct to fill in is NULL, or its struct_size is not set");
  const size_t size = info->struct_size;
  known.struct_size = size;
  if (size > sizeof known) std::memset(reinterpret_cast<char*>(info) + sizeof known, 0, size - sizeof known);
  std::memcpy(info, &known, std::min(size, sizeof known));
  return PASSERELLE_OK;
}

/// A struct that the caller hands over, which may be older or newer than ours: false where it asks for what we don't
/// know.
template <typename Options>
bool take(const Options* options, Options& known) {
  if (!options) return true;
  const size_t size = options->struct_size;
  if (size < sizeof(size_t)) return false;
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(options);
  for (size_t i = sizeof known; i < size; ++i)
    if (bytes[i] != 0) return false;
  std::memcpy(&known, options, std::min(size, sizeof known));
  return true;
}

}  // namespace passerelle::loader
