// An opened .nnapi file: its head, checked, and access to the weights behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "passerelle/blob/view.h"
#include "passerelle/support/expected.h"
#include "passerelle/support/span.h"

namespace passerelle::blob {

/// The head is copied to memory of our own and checked there, so that what was checked is what is used even if the file
/// changes. Every Error is of kind `unreadable`, one sentence that names the file; `failure` tells the kinds apart.
class File {
 public:
  static Expected<File> open(const std::string& path, Failure* failure = nullptr);
  /// `length` bytes at `offset` of a seekable file. The descriptor is duplicated, its position not moved.
  static Expected<File> open(int descriptor, uint64_t offset, uint64_t length, Failure* failure = nullptr);
  /// Memory of any alignment that the caller keeps, unchanged.
  static Expected<File> open(Span<const unsigned char> memory, Failure* failure = nullptr);

  File(File&& other) noexcept;
  File& operator=(File&&) = delete;
  ~File();

  const View& view() const { return view_; }
  /// Stands for the whole content, weights included.
  uint64_t content_digest() const { return content_digest_; }

  int descriptor() const { return descriptor_; }           ///< -1 where the file is memory
  uint64_t offset() const { return offset_; }              ///< of the .nnapi file in the descriptor's file
  const unsigned char* memory() const { return memory_; }  ///< null where the file is a descriptor

  /// `size` bytes at `offset` of the .nnapi file. Outside of it, or where the system fails: an Error.
  Expected<void> read(uint64_t offset, void* out, size_t size, Failure* failure = nullptr) const;

  /// Reads all weights and compares their digests: finds accidental damage, at the cost of reading the file.
  Expected<void> verify_weights(Failure* failure = nullptr) const;

 private:
  struct Source {
    std::string name;  // for messages
    int descriptor = -1;
    uint64_t offset = 0;
    const unsigned char* memory = nullptr;
    uint64_t size = 0;
  };

  static Expected<File> open(const Source& source, Failure* failure);
  static Expected<void> read(const Source& source, uint64_t offset, void* out, size_t size, Failure* failure);
  File(const Source& source, std::unique_ptr<unsigned char[]> head, View view, uint64_t content_digest);

  std::string name_;
  int descriptor_;
  uint64_t offset_;
  const unsigned char* memory_;
  uint64_t size_;
  std::unique_ptr<unsigned char[]> head_;
  View view_;
  uint64_t content_digest_;
};

}  // namespace passerelle::blob
