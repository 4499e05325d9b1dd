#include "weights.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "failure.h"
#include "model.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

passerelle_status no_memory(uint64_t size, passerelle_error* error) {
  return fail(error, PASSERELLE_OUT_OF_MEMORY, text({"no memory for ", size, " bytes of weights"}));
}

uint64_t size_of_windows(const blob::View& view) {
  uint64_t size = 0;
  for (uint32_t index = 0; index < view.window_count(); ++index)
    size += (uint64_t{view.window(index).size} + blob::constant_alignment - 1) / blob::constant_alignment *
            blob::constant_alignment;
  return size;
}

}  // namespace

Weights::~Weights() {
  for (const Window& window : windows_)
    if (window.memory) functions_->ANeuralNetworksMemory_free(window.memory);
  if (mapping_) munmap(mapping_, mapping_size_);
}

passerelle_status Weights::open(const blob::File& file, const Library& library, passerelle_error* error) {
  functions_ = &library.functions;
  if (file.view().window_count() == 0) return PASSERELLE_OK;
  switch (weights_access(file)) {
    case PASSERELLE_WEIGHTS_FROM_FILE: return open_from_file(file, error);
    case PASSERELLE_WEIGHTS_COPIED: return open_copied(file, error);
    case PASSERELLE_WEIGHTS_IN_PLACE: break;
  }
  if (!file.memory()) return open_mapped(file, error);
  for (uint32_t index = 0; index < file.view().window_count(); ++index)
    windows_.push_back({nullptr, file.memory() + file.view().window(index).offset});
  return PASSERELLE_OK;
}

passerelle_status Weights::open_from_file(const blob::File& file, passerelle_error* error) {
  for (uint32_t index = 0; index < file.view().window_count(); ++index) {
    const blob::Window window = file.view().window(index);
    const uint64_t offset = file.offset() + window.offset;  // in reach: see model.h
    ANeuralNetworksMemory* memory = nullptr;
    const int result = functions_->ANeuralNetworksMemory_createFromFd(window.size, PROT_READ, file.descriptor(),
                                                                      static_cast<size_t>(offset), &memory);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error, "ANeuralNetworksMemory_createFromFd", result,
                           text({"window ", index, " of ", window.size, " bytes of weights"}));
    windows_.push_back({memory, nullptr});
  }
  return PASSERELLE_OK;
}

/// Where the model is not on a page of its file: the pages around it are.
passerelle_status Weights::open_mapped(const blob::File& file, passerelle_error* error) {
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t before = file.offset() % page;
  const uint64_t size = before + file.view().file_size();
  void* mapping = mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_PRIVATE, file.descriptor(),
                       static_cast<off_t>(file.offset() - before));
  if (mapping == MAP_FAILED)
    return fail(error, errno == ENOMEM ? PASSERELLE_OUT_OF_MEMORY : PASSERELLE_CANNOT_READ,
                text({"cannot map the model's weights: ", std::strerror(errno)}));
  mapping_ = mapping;
  mapping_size_ = static_cast<size_t>(size);
  for (uint32_t index = 0; index < file.view().window_count(); ++index)
    windows_.push_back(
        {nullptr, static_cast<const unsigned char*>(mapping) + before + file.view().window(index).offset});
  return PASSERELLE_OK;
}

passerelle_status Weights::open_copied(const blob::File& file, passerelle_error* error) {
  const uint64_t size = size_of_windows(file.view()) + blob::constant_alignment;
  if (size > SIZE_MAX) return no_memory(size, error);
  copy_.reset(new (std::nothrow) unsigned char[static_cast<size_t>(size)]);
  if (!copy_) return no_memory(size, error);
  unsigned char* next = copy_.get();
  next += (blob::constant_alignment - reinterpret_cast<uintptr_t>(next) % blob::constant_alignment) %
          blob::constant_alignment;
  for (uint32_t index = 0; index < file.view().window_count(); ++index) {
    const blob::Window window = file.view().window(index);
    blob::Failure failure = blob::Failure::none;
    const auto done = file.read(window.offset, next, window.size, &failure);
    if (!done) return fail(error, status_of(failure), done.error().message);
    windows_.push_back({nullptr, next});
    next += (size_t{window.size} + blob::constant_alignment - 1) / blob::constant_alignment * blob::constant_alignment;
  }
  return PASSERELLE_OK;
}

int Weights::set_value(ANeuralNetworksModel* model, uint32_t index, const blob::Operand& operand,
                       const char** function) const {
  const Window& window = windows_[operand.window];
  const size_t size = static_cast<size_t>(operand.byte_size);
  if (window.memory) {
    *function = "ANeuralNetworksModel_setOperandValueFromMemory";
    return functions_->ANeuralNetworksModel_setOperandValueFromMemory(model, static_cast<int32_t>(index), window.memory,
                                                                      static_cast<size_t>(operand.offset), size);
  }
  *function = "ANeuralNetworksModel_setOperandValue";
  return functions_->ANeuralNetworksModel_setOperandValue(model, static_cast<int32_t>(index),
                                                          window.address + operand.offset, size);
}

}  // namespace passerelle::loader
