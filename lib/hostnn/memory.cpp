#include "memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "passerelle/nnapi/operand_type.h"

namespace passerelle::hostnn {
namespace {

/// A regular file that ends before the mapping does would kill the process with SIGBUS later.
bool ends_too_early(int descriptor, size_t offset, size_t size) {
  struct stat information {};
  if (fstat(descriptor, &information) != 0 || !S_ISREG(information.st_mode)) return false;
  const auto length = static_cast<uint64_t>(information.st_size);
  return offset > length || size > length - offset;
}

}  // namespace

Mapping::~Mapping() { munmap(address_, size_); }

Status Memory::from_file(size_t size, int protection, int descriptor, size_t offset, std::unique_ptr<Memory>& memory) {
  if (size == 0) return bad_data("a memory of 0 bytes");
  if (descriptor < 0) return bad_data("a negative file descriptor");
  if (ends_too_early(descriptor, offset, size)) return bad_data("the file ends before offset + size");
  const int usable = protection & (PROT_READ | PROT_WRITE);
  void* address = mmap(nullptr, size, usable, MAP_SHARED, descriptor, static_cast<off_t>(offset));
  if (address == MAP_FAILED) {
    return {ANEURALNETWORKS_UNMAPPABLE,
            std::string("the file can't be mapped (is the offset a multiple of the page size?): ") + strerror(errno)};
  }
  memory = std::make_unique<Memory>();
  memory->mapping = std::make_shared<Mapping>(address, size);
  memory->writable = (usable & PROT_WRITE) != 0;
  return success();
}

Status Memory::anonymous(size_t size, std::unique_ptr<Memory>& memory) {
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return {ANEURALNETWORKS_OUT_OF_MEMORY, "no memory of " + std::to_string(size) + " bytes"};
  memory = std::make_unique<Memory>();
  memory->mapping = std::make_shared<Mapping>(address, size);
  memory->writable = true;
  return success();
}

Status Memory::copy(const Memory& source, Memory& destination) {
  if (&source == &destination) return success();
  if (!source.initialised) return bad_data("the source memory was never written");
  if (source.mapping->size() != destination.mapping->size()) return bad_data("memories of different sizes");
  if (!destination.writable) return bad_data("the destination memory is not writable");
  std::memcpy(destination.mapping->data(), source.mapping->data(), source.mapping->size());
  destination.initialised = true;
  return success();
}

Status Memory::check_range(size_t offset, size_t length) const {
  if (from_descriptor()) {
    if (offset != 0 || length != 0)
      return bad_data("a memory made from a descriptor is used whole: offset and length 0");
    return success();
  }
  if (offset == 0 && length == 0) return bad_data("length 0: the size can't be implied for this memory");
  if (offset > mapping->size() || length > mapping->size() - offset) {
    return bad_data("offset " + std::to_string(offset) + " + length " + std::to_string(length) +
                    " exceeds the memory's " + std::to_string(mapping->size()) + " bytes");
  }
  return success();
}

Status Memory::check_use(const Role& role, size_t offset, size_t length) const {
  if (from_descriptor() && std::find(roles.begin(), roles.end(), role) == roles.end())
    return bad_data("the memory was not made for this input or output");
  if (role.is_output && !writable) return bad_data("the memory is not writable");
  return check_range(offset, length);
}

Status MemoryDescriptor::add_role(const Role& role, const Operand& operand, float frequency) {
  if (finished_) return bad_state("the descriptor is finished");
  if (std::find(roles_.begin(), roles_.end(), role) != roles_.end()) return bad_data("the same role twice");
  if (!(frequency > 0.0f && frequency <= 1.0f)) return bad_data("the frequency is not in (0, 1]");
  if (!roles_.empty() && !same_metadata(operand, operand_)) return bad_data("roles of different operand types");
  std::vector<uint32_t> combined = dimensions_;
  if (!combine_dimensions(combined, operand.dimensions)) return bad_data("roles of different dimensions");
  roles_.push_back(role);
  operand_ = operand;
  dimensions_ = std::move(combined);
  return success();
}

Status MemoryDescriptor::set_dimensions(const std::vector<uint32_t>& dimensions) {
  if (finished_) return bad_state("the descriptor is finished");
  if (!roles_.empty() && !nnapi::is_tensor(operand_.type) && !dimensions.empty())
    return bad_data("dimensions for a scalar");
  if (!combine_dimensions(dimensions_, dimensions)) return bad_data("dimensions that contradict earlier ones");
  return success();
}

Status MemoryDescriptor::finish() {
  if (finished_) return bad_state("the descriptor is finished");
  if (roles_.empty()) return bad_data("no role was given");
  finished_ = true;
  return success();
}

Status MemoryDescriptor::allocate(std::unique_ptr<Memory>& memory) const {
  if (!finished_) return bad_state("the descriptor is not finished");
  const uint64_t size = byte_size(operand_.type, dimensions_);
  if (size == 0) return operation_failed("this device allocates no memory of unknown size");
  PASSERELLE_RETURN_IF_FAILED(Memory::anonymous(size, memory));
  memory->roles = roles_;
  memory->initialised = false;
  return success();
}

}  // namespace passerelle::hostnn
