// Memory that the client shares: a file mapped into the process, or what was allocated from a descriptor.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "graph.h"
#include "status.h"

namespace passerelle::hostnn {

/// Mapped pages. Whatever refers to them keeps them, so that a client may free its handle early.
class Mapping {
 public:
  Mapping(void* address, size_t size) : address_(address), size_(size) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  unsigned char* data() const { return static_cast<unsigned char*>(address_); }
  size_t size() const { return size_; }

 private:
  void* address_;
  size_t size_;
};

/// An input or output of a compilation, as a role of a memory.
struct Role {
  const void* compilation = nullptr;
  bool is_output = false;
  uint32_t index = 0;
  friend bool operator==(const Role& a, const Role& b) {
    return a.compilation == b.compilation && a.is_output == b.is_output && a.index == b.index;
  }
};

/// ANeuralNetworksMemory.
struct Memory {
  std::shared_ptr<Mapping> mapping;
  bool writable = false;

  /// Only of a memory made from a descriptor: it may be used in these roles alone, and always whole.
  std::vector<Role> roles;
  bool initialised = true;  ///< whether something was written to it

  bool from_descriptor() const { return !roles.empty(); }

  /// Maps `size` bytes of a file from `offset`. `protection` is mmap's.
  static Status from_file(size_t size, int protection, int descriptor, size_t offset, std::unique_ptr<Memory>& memory);
  static Status anonymous(size_t size, std::unique_ptr<Memory>& memory);
  static Status copy(const Memory& source, Memory& destination);

  /// Whether `length` bytes from `offset` lie within; for a memory from a descriptor, 0 and 0 stand for all of it.
  Status check_range(size_t offset, size_t length) const;
  /// The same, and whether it has the role.
  Status check_use(const Role& role, size_t offset, size_t length) const;
};

/// ANeuralNetworksMemoryDesc.
class MemoryDescriptor {
 public:
  Status add_role(const Role& role, const Operand& operand, float frequency);
  Status set_dimensions(const std::vector<uint32_t>& dimensions);
  Status finish();
  Status allocate(std::unique_ptr<Memory>& memory) const;

 private:
  std::vector<Role> roles_;
  Operand operand_;  // of the first role; meaningful where roles_ is not empty
  std::vector<uint32_t> dimensions_;
  bool finished_ = false;
};

}  // namespace passerelle::hostnn
