// Memory that NNAPI maps.
#pragma once

#include <memory>

#include "library.h"
#include "passerelle/loader/passerelle.h"

namespace passerelle::loader {

struct Memory {
  std::shared_ptr<const Library> library;
  ANeuralNetworksMemory* handle = nullptr;
  size_t size = 0;

  Memory(std::shared_ptr<const Library> library, size_t size) : library(std::move(library)), size(size) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    if (handle) library->functions.ANeuralNetworksMemory_free(handle);
  }
};

}  // namespace passerelle::loader

struct passerelle_memory {
  std::shared_ptr<const passerelle::loader::Memory> memory;
};
