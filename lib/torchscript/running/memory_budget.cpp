#include "memory_budget.h"

#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "passerelle/torchscript/little_memory.h"
#include "port/allocator.h"

namespace passerelle::torchscript {
namespace {

// The allocator is LibTorch's one for the process, so the budget it charges has to be found from inside of it.
thread_local MemoryBudget* current = nullptr;

class ChargingAllocator final : public port::CpuAllocator {
 public:
  explicit ChargingAllocator(c10::Allocator* underlying) : underlying_(underlying) {}
  c10::DeleterFnPtr raw_deleter() const override { return underlying_->raw_deleter(); }

 private:
  c10::DataPtr take(size_t size) const override {
    if (current != nullptr) current->charge(size);
    try {
      return underlying_->allocate(size);
    } catch (const std::exception&) {
      if (const std::new_handler handler = std::get_new_handler()) handler();
      throw;
    }
  }

  c10::Allocator* underlying_;
};

}  // namespace

void install_allocator() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Storages remember their allocator, so it lives as long as the process.
    static ChargingAllocator allocator(c10::GetCPUAllocator());
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
  });
}

void prepare_for_little_memory() {
  install_allocator();
  at::parallel_for(0, at::get_num_threads(), 1, [](int64_t, int64_t) {});
}

MemoryBudget::MemoryBudget(uint64_t limit, std::function<uint64_t()> living_bytes)
    : limit_(limit), living_bytes_(std::move(living_bytes)), outer_(current) {
  install_allocator();
  current = this;
}

MemoryBudget::~MemoryBudget() { current = outer_; }

void MemoryBudget::charge(uint64_t bytes) {
  if (bytes <= limit_ && counted_ <= limit_ - bytes) {
    counted_ += bytes;
    return;
  }
  counted_ = living_bytes_();
  if (bytes > limit_ || counted_ > limit_ - bytes)
    throw OutOfBudget("its tensors would take more than " + std::to_string(limit_ >> 20) + " MiB at once");
  counted_ += bytes;
}

namespace {

/// Of the process: heaps, stacks and the like, without what is mapped from files. 0 where the system does not tell.
uint64_t own_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, 7, "VmData:") == 0) return std::strtoull(line.c_str() + 7, nullptr, 10) << 10;
  return 0;
}

}  // namespace

HeapLimit::HeapLimit(uint64_t bytes) : bytes_(bytes) {
  const uint64_t taken = own_memory();
  if (taken == 0 || ::getrlimit(RLIMIT_DATA, &before_) != 0) return;
  rlimit limited = before_;
  limited.rlim_cur = taken + bytes;
  if (before_.rlim_cur != RLIM_INFINITY && before_.rlim_cur <= limited.rlim_cur) return;
  limits_ = ::setrlimit(RLIMIT_DATA, &limited) == 0;
  if (limits_) handler_ = std::set_new_handler(nullptr);  // that of a limit which is not reached
}

HeapLimit::~HeapLimit() {
  if (!limits_) return;
  ::setrlimit(RLIMIT_DATA, &before_);
  std::set_new_handler(handler_);
}

}  // namespace passerelle::torchscript
