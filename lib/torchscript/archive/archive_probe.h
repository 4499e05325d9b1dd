// What kind of file it is that was given as a model: looked at before LibTorch sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/support/expected.h"
#include "zip_directory.h"

namespace passerelle::torchscript {

/// A zip file that looks like a TorchScript archive; the entries that are not compressed have the right checksums.
struct Archive {
  MappedFile file;  ///< the entries are views of it
  std::vector<ZipEntry> entries;
  std::string root;      ///< the folder that all entries are in, with a slash
  uint64_t version = 0;  ///< of the file format; 0 where it could not be read here
};

/// Errors: `unreadable`; the sentence names what the file is instead, and what to do.
Expected<Archive> probe_archive(const std::string& path, uint64_t newest_version);

}  // namespace passerelle::torchscript
