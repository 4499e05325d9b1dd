// An output file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <string>

#include "passerelle/support/expected.h"

namespace passerelle {

/// Written beside its place without a name (where the file system can't: under a temporary one), synced, then renamed
/// over `path`. Destroyed without commit(): removed.
/// Every failure is an Error of kind `unwritable` that names the file and the system's reason.
class AtomicFile {
 public:
  static Expected<AtomicFile> create(std::string path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Unlinks the temporary files of this process that are not committed: for one that is about to end itself.
  static void remove_unfinished();

  Expected<void> write(const void* data, size_t size);
  Expected<void> commit();

 private:
  AtomicFile(std::string path, std::string temporary, int descriptor);
  Error failure(const char* doing) const;

  std::string path_;
  std::string temporary_;
  int descriptor_;
};

}  // namespace passerelle
