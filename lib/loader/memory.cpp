#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"
#include "passerelle/support/text.h"

using namespace passerelle::loader;
using passerelle::text;

static_assert(PASSERELLE_ACCESS_READ == PROT_READ && PASSERELLE_ACCESS_WRITE == PROT_WRITE);

passerelle_status passerelle_memory_from_descriptor(const passerelle_nnapi* nnapi, int descriptor,
                                                    passerelle_access access, size_t offset, size_t size,
                                                    passerelle_memory** memory, passerelle_error* error) noexcept {
  if (!memory) return fail(error, PASSERELLE_INVALID_ARGUMENT, "memory is NULL");
  *memory = nullptr;
  if (!nnapi) return fail(error, PASSERELLE_INVALID_ARGUMENT, "nnapi is NULL");
  if (access < PASSERELLE_ACCESS_READ || access > PASSERELLE_ACCESS_READ_WRITE || size == 0 || descriptor < 0)
    return fail(error, PASSERELLE_INVALID_ARGUMENT, "a memory needs a descriptor, an access, and a size above 0");
  if (offset % static_cast<size_t>(sysconf(_SC_PAGESIZE)) != 0)
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                text({"a memory begins on a page, and ", offset, " is no multiple of a page's size"}));
  auto made = std::make_shared<Memory>(nnapi->library, size);
  const int result = nnapi->library->functions.ANeuralNetworksMemory_createFromFd(size, static_cast<int>(access),
                                                                                  descriptor, offset, &made->handle);
  if (result != ANEURALNETWORKS_NO_ERROR) {
    made->handle = nullptr;
    return fail_in_nnapi(error, "ANeuralNetworksMemory_createFromFd", result, text({"descriptor ", descriptor}));
  }
  *memory = new passerelle_memory{std::move(made)};
  return PASSERELLE_OK;
}

passerelle_status passerelle_memory_from_hardware_buffer(const passerelle_nnapi* nnapi, const AHardwareBuffer* buffer,
                                                         size_t size, passerelle_memory** memory,
                                                         passerelle_error* error) noexcept {
  if (!memory) return fail(error, PASSERELLE_INVALID_ARGUMENT, "memory is NULL");
  *memory = nullptr;
  if (!nnapi) return fail(error, PASSERELLE_INVALID_ARGUMENT, "nnapi is NULL");
  if (!buffer || size == 0)
    return fail(error, PASSERELLE_INVALID_ARGUMENT, "a memory needs a hardware buffer, and a size above 0");
  const auto create = nnapi->library->functions.ANeuralNetworksMemory_createFromAHardwareBuffer;
  if (!create)
    return fail(error, PASSERELLE_NNAPI_TOO_OLD,
                text({"hardware buffers are known from ", level_name(3), ", and ", nnapi->library->name, " has ",
                      level_name(nnapi->library->feature_level)}));
  auto made = std::make_shared<Memory>(nnapi->library, size);
  const int result = create(buffer, &made->handle);
  if (result != ANEURALNETWORKS_NO_ERROR) {
    made->handle = nullptr;
    return fail_in_nnapi(error, "ANeuralNetworksMemory_createFromAHardwareBuffer", result, {});
  }
  *memory = new passerelle_memory{std::move(made)};
  return PASSERELLE_OK;
}

void passerelle_memory_close(passerelle_memory* memory) noexcept { delete memory; }
