// Invariants: what only a bug of ours can break. The command line ends with status 1 on them.
#pragma once

#include <stdexcept>
#include <string>

namespace passerelle {

struct InternalError : std::logic_error {
  using std::logic_error::logic_error;
};

/// Throws InternalError where `condition` does not hold; also in release builds: a wrong model is worse than none.
inline void check(bool condition, const char* invariant) {
  if (!condition) throw InternalError(invariant);
}
inline void check(bool condition, const std::string& invariant) {
  if (!condition) throw InternalError(invariant);
}

}  // namespace passerelle
