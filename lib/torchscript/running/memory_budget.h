// A limit on the memory that LibTorch may take while somebody else's program runs in it.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>

namespace passerelle::torchscript {

struct OutOfBudget : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Makes LibTorch's allocator the one that budgets are charged in, and that calls std::get_new_handler() where there is
/// no memory left, as `new` does. Once for the process.
void install_allocator();

/// While it lives, this thread's tensors may take no more than `limit` bytes at once; beyond it allocating throws
/// OutOfBudget. Freed bytes are known only through `living_bytes`, which is asked when the count says that it is time.
class MemoryBudget {
 public:
  MemoryBudget(uint64_t limit, std::function<uint64_t()> living_bytes);
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  void charge(uint64_t bytes);

 private:
  uint64_t limit_;
  std::function<uint64_t()> living_bytes_;
  uint64_t counted_ = 0;
  MemoryBudget* outer_;
};

/// While it lives, the process may take no more than `bytes` of memory of its own beyond what it has; beyond that
/// std::bad_alloc is thrown. A lower limit that is there already stays.
class HeapLimit {
 public:
  explicit HeapLimit(uint64_t bytes);
  ~HeapLimit();
  HeapLimit(const HeapLimit&) = delete;
  HeapLimit& operator=(const HeapLimit&) = delete;

  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_;
  bool limits_ = false;
  rlimit before_{};
  std::new_handler handler_ = nullptr;
};

}  // namespace passerelle::torchscript
