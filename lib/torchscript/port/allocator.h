// LibTorch's allocators: since version 2 allocate is not const, and each says how its bytes are copied.
#pragma once

#include <c10/core/Allocator.h>
#include <torch/version.h>

namespace passerelle::torchscript::port {

class CpuAllocator : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR < 2
  c10::DataPtr allocate(size_t size) const final { return take(size); }
#else
  c10::DataPtr allocate(size_t size) final { return take(size); }
  void copy_data(void* to, const void* from, size_t size) const final { default_copy_data(to, from, size); }
#endif

 private:
  /// `size` bytes; throws where there are none.
  virtual c10::DataPtr take(size_t size) const = 0;
};

}  // namespace passerelle::torchscript::port
