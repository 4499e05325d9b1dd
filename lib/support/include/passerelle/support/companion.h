// The shared libraries that are built and installed with this program.
#pragma once

#include <string>

namespace passerelle {

/// Where `name` lies, seen from the running program: in ../lib, as in a build folder, or where it was installed; the
/// path in ../lib where it is in neither.
std::string companion_library(const std::string& name);

}  // namespace passerelle
