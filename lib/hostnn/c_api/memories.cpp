#include "handles.h"

using namespace passerelle::hostnn;

namespace {

Status hand_over(std::unique_ptr<Memory> memory, ANeuralNetworksMemory** handle) {
  *handle = new ANeuralNetworksMemory(std::move(*memory));
  return success();
}

Status add_role(ANeuralNetworksMemoryDesc& descriptor, const ANeuralNetworksCompilation& compilation, bool is_output,
                uint32_t index, float frequency) {
  if (!compilation.check_finished().ok()) return bad_data("the compilation is not finished, or failed");
  const Graph& graph = compilation.graph();
  const std::vector<uint32_t>& operands = is_output ? graph.outputs : graph.inputs;
  if (index >= operands.size()) return bad_data("there is no such " + std::string(is_output ? "output" : "input"));
  const Role role{static_cast<const Compilation*>(&compilation), is_output, index};
  return descriptor.add_role(role, graph.operands[operands[index]], frequency);
}

}  // namespace

int ANeuralNetworksMemory_createFromFd(size_t size, int protect, int fd, size_t offset,
                                       ANeuralNetworksMemory** memory) {
  return guarded(__func__, [&] {
    if (any_null(memory)) return null_argument();
    *memory = nullptr;
    std::unique_ptr<Memory> made;
    PASSERELLE_RETURN_IF_FAILED(Memory::from_file(size, protect, fd, offset, made));
    return hand_over(std::move(made), memory);
  });
}

int ANeuralNetworksMemory_createFromAHardwareBuffer(const AHardwareBuffer* ahwb, ANeuralNetworksMemory** memory) {
  return guarded(__func__, [&] {
    if (memory != nullptr) *memory = nullptr;
    if (any_null(ahwb, memory)) return null_argument();
    return operation_failed("hardware buffers exist on Android only");
  });
}

void ANeuralNetworksMemory_free(ANeuralNetworksMemory* memory) { delete memory; }

int ANeuralNetworksMemory_copy(const ANeuralNetworksMemory* src, const ANeuralNetworksMemory* dst) {
  return guarded(__func__, [&] {
    if (any_null(src, dst)) return null_argument();
    return Memory::copy(*src, const_cast<ANeuralNetworksMemory&>(*dst));
  });
}

int ANeuralNetworksMemoryDesc_create(ANeuralNetworksMemoryDesc** desc) {
  return guarded(__func__, [&] {
    if (any_null(desc)) return null_argument();
    *desc = new ANeuralNetworksMemoryDesc();
    return success();
  });
}

void ANeuralNetworksMemoryDesc_free(ANeuralNetworksMemoryDesc* desc) { delete desc; }

int ANeuralNetworksMemoryDesc_addInputRole(ANeuralNetworksMemoryDesc* desc,
                                           const ANeuralNetworksCompilation* compilation, uint32_t index,
                                           float frequency) {
  return guarded(__func__, [&] {
    return any_null(desc, compilation) ? null_argument() : add_role(*desc, *compilation, false, index, frequency);
  });
}

int ANeuralNetworksMemoryDesc_addOutputRole(ANeuralNetworksMemoryDesc* desc,
                                            const ANeuralNetworksCompilation* compilation, uint32_t index,
                                            float frequency) {
  return guarded(__func__, [&] {
    return any_null(desc, compilation) ? null_argument() : add_role(*desc, *compilation, true, index, frequency);
  });
}

int ANeuralNetworksMemoryDesc_setDimensions(ANeuralNetworksMemoryDesc* desc, uint32_t rank,
                                            const uint32_t* dimensions) {
  return guarded(__func__, [&] {
    if (any_null(desc) || (dimensions == nullptr && rank != 0)) return null_argument();
    return desc->set_dimensions({dimensions, dimensions + rank});
  });
}

int ANeuralNetworksMemoryDesc_finish(ANeuralNetworksMemoryDesc* desc) {
  return guarded(__func__, [&] { return any_null(desc) ? null_argument() : desc->finish(); });
}

int ANeuralNetworksMemory_createFromDesc(const ANeuralNetworksMemoryDesc* desc, ANeuralNetworksMemory** memory) {
  return guarded(__func__, [&] {
    if (memory != nullptr) *memory = nullptr;
    if (any_null(desc, memory)) return null_argument();
    std::unique_ptr<Memory> made;
    PASSERELLE_RETURN_IF_FAILED(desc->allocate(made));
    return hand_over(std::move(made), memory);
  });
}
