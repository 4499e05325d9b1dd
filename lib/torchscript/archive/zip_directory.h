// The directory of a zip file that nobody trusts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "passerelle/support/expected.h"
#include "passerelle/support/span.h"

namespace passerelle::torchscript {

using Bytes = Span<const unsigned char>;

/// A whole file, mapped. Errors: `unreadable`, with the system's reason.
class MappedFile {
 public:
  static Expected<MappedFile> open(const std::string& path);
  Bytes bytes() const { return bytes_; }
  /// Gives back the memory of a part that was read. It can be read again.
  void forget(Bytes part) const;

 private:
  MappedFile(std::shared_ptr<void> mapping, Bytes bytes) : mapping_(std::move(mapping)), bytes_(bytes) {}
  std::shared_ptr<void> mapping_;
  Bytes bytes_;
};

struct ZipEntry {
  std::string name;
  uint32_t crc32 = 0;  ///< of the data as they are unpacked
  bool stored = true;  ///< not compressed
  uint64_t size = 0;   ///< unpacked
  Bytes data;          ///< as they lie in the file
};

/// Nothing where the directory is missing or does not fit the file.
std::vector<ZipEntry> read_zip_directory(Bytes file);

}  // namespace passerelle::torchscript
