// An opened model, and its ports as a run needs them.
#pragma once

#include <memory>

#include "passerelle/blob/file.h"
#include "passerelle/loader/passerelle.h"

namespace passerelle::loader {

/// How NNAPI can get at the weights of this file.
passerelle_weights weights_access(const blob::File& file);

inline bool converts_layout(const blob::Port& port) { return port.caller_layout != port.nnapi_layout; }

/// "input 0 (x)"
std::string port_name(const char* kind, uint32_t index, const blob::Port& port);

}  // namespace passerelle::loader

struct passerelle_model {
  std::shared_ptr<const passerelle::blob::File> file;
};
