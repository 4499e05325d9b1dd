// An output file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
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

  /// Unlinks the temporary files of this process that are not committed: for one that is about to end itself. No file
  /// gets a name any more: who calls create() or commit() waits for the end.
  static void remove_unfinished();

  Expected<void> write(const void* data, size_t size);  ///< behind what was written by this function before
  Expected<void> write_at(uint64_t offset, const void* data, size_t size);  ///< what is skipped holds zeros
  Expected<void> sync();  ///< what fails in commit() after it are names alone
  Expected<void> commit();

 private:
  AtomicFile(std::string path, std::string temporary, int descriptor);
  Error failure(const char* doing) const;
  bool put_in_place();

  std::string path_;
  std::string temporary_;
  int descriptor_;
  uint64_t end_ = 0;  // of what write() has written
};

}  // namespace passerelle
