// An opened model, and its ports as a run needs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "passerelle/blob/file.h"
#include "passerelle/loader/passerelle.h"

namespace passerelle::loader {

/// How NNAPI can get at the weights of this file.
passerelle_weights weights_access(const blob::File& file);

/// How far into a file a process with pointers of this many bytes can map it: with 4 of them, NNAPI's and the system's
/// offsets end at 2 GiB.
constexpr uint64_t largest_end(size_t pointer_size) { return pointer_size > 4 ? INT64_MAX : INT32_MAX; }

/// Whether a model of `size` bytes at `offset` of its file lies where such a process can map it.
constexpr bool is_in_reach(uint64_t offset, uint64_t size, size_t pointer_size) {
  return offset <= largest_end(pointer_size) && size <= largest_end(pointer_size) - offset;
}

inline bool converts_layout(const blob::Port& port) { return port.caller_layout != port.nnapi_layout; }

/// "input 0 (x)"
std::string port_name(const char* kind, uint32_t index, const blob::Port& port);

}  // namespace passerelle::loader

struct passerelle_model {
  std::shared_ptr<const passerelle::blob::File> file;
};
