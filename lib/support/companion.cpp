#include "passerelle/support/companion.h"

#include <filesystem>

namespace passerelle {

std::string companion_library(const std::string& name) {
  namespace files = std::filesystem;
  std::error_code error;
  const files::path folder = files::read_symlink("/proc/self/exe", error).parent_path();
  const files::path beside = (folder / "../lib" / name).lexically_normal();
  const files::path installed = (folder / PASSERELLE_INSTALLED_LIBRARIES / name).lexically_normal();
  return !files::exists(beside, error) && files::exists(installed, error) ? installed.string() : beside.string();
}

}  // namespace passerelle
