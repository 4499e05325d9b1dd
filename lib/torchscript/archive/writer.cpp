#include "writer.h"

#include <algorithm>

namespace passerelle::torchscript {

std::string writer_of(const Archive& archive) {
  const auto has = [&](const char* name) {
    return std::any_of(archive.entries.begin(), archive.entries.end(),
                       [&](const ZipEntry& entry) { return entry.name == archive.root + name; });
  };
  if (archive.version > 0 && archive.version < 3) return "a PyTorch of 2019 or 2020";
  return has("byteorder") ? "PyTorch 2.1 or later" : "a PyTorch before 2.1";
}

}  // namespace passerelle::torchscript
