// Memories, bursts, events, and what may be freed when.
#include <sys/mman.h>
#include <unistd.h>

#include "c_api_fixture.h"

using namespace passerelle::testing;

TEST_CASE("memories from files") {
  ANeuralNetworksMemory* memory = nullptr;
  const int descriptor = memfd_create("test", 0);
  REQUIRE(ftruncate(descriptor, 16384) == 0);
  const auto create = [&](size_t size, int file, size_t offset) {
    const int code = ANeuralNetworksMemory_createFromFd(size, PROT_READ, file, offset, &memory);
    const client::Memory owned(memory);
    return code;
  };
  CHECK(create(0, descriptor, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(16, -1, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(16385, descriptor, 0) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(4096, descriptor, 16384) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(SIZE_MAX, descriptor, 4096) == ANEURALNETWORKS_BAD_DATA);
  CHECK(create(16, descriptor, 5) == ANEURALNETWORKS_UNMAPPABLE);
  CHECK(memory == nullptr);
  CHECK(create(4096, descriptor, 4096) == 0);

  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Execution execution = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksMemory_createFromFd(4096, PROT_READ, descriptor, 0, &memory) == 0);
  const client::Memory read_only(memory);
  CHECK(ANeuralNetworksExecution_setOutputFromMemory(execution.get(), 0, nullptr, memory, 0, 16) ==
        ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, memory, 4088, 16) ==
        ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, memory, 0, 0) ==
        ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksExecution_setInputFromMemory(execution.get(), 0, nullptr, memory, 4080, 16) == 0);
  close(descriptor);
}

TEST_CASE("memories from descriptors pass a result on") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  ANeuralNetworksMemoryDesc* descriptor = nullptr;
  REQUIRE(ANeuralNetworksMemoryDesc_create(&descriptor) == 0);
  const client::MemoryDescriptor owned_descriptor(descriptor);
  ANeuralNetworksMemory* memory = nullptr;
  CHECK(ANeuralNetworksMemory_createFromDesc(descriptor, &memory) == ANEURALNETWORKS_BAD_STATE);
  CHECK(ANeuralNetworksMemoryDesc_finish(descriptor) == ANEURALNETWORKS_BAD_DATA);  // no roles
  CHECK(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 2, 1.0f) == ANEURALNETWORKS_BAD_DATA);
  CHECK(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 0, 0.0f) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 0, 1.0f) == 0);
  CHECK(ANeuralNetworksMemoryDesc_addInputRole(descriptor, compilation.get(), 0, 1.0f) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksMemoryDesc_addOutputRole(descriptor, compilation.get(), 0, 1.0f) == 0);
  const uint32_t wrong[] = {3, 3};
  CHECK(ANeuralNetworksMemoryDesc_setDimensions(descriptor, 2, wrong) == ANEURALNETWORKS_BAD_DATA);
  REQUIRE(ANeuralNetworksMemoryDesc_finish(descriptor) == 0);
  CHECK(ANeuralNetworksMemoryDesc_finish(descriptor) == ANEURALNETWORKS_BAD_STATE);
  REQUIRE(ANeuralNetworksMemory_createFromDesc(descriptor, &memory) == 0);
  const client::Memory owned(memory);

  Numbers numbers;
  const client::Execution too_early = execution_of(compilation.get());
  CHECK(ANeuralNetworksExecution_setInputFromMemory(too_early.get(), 1, nullptr, memory, 0, 0) ==
        ANEURALNETWORKS_BAD_DATA);  // not one of its roles
  CHECK(ANeuralNetworksExecution_setInputFromMemory(too_early.get(), 0, nullptr, memory, 0, 16) ==
        ANEURALNETWORKS_BAD_DATA);  // it is used whole
  REQUIRE(ANeuralNetworksExecution_setInputFromMemory(too_early.get(), 0, nullptr, memory, 0, 0) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(too_early.get(), 1, nullptr, numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(too_early.get(), 0, nullptr, numbers.result, 16) == 0);
  CHECK(ANeuralNetworksExecution_compute(too_early.get()) == ANEURALNETWORKS_OP_FAILED);

  const client::Execution first = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksExecution_setInput(first.get(), 0, nullptr, numbers.a, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(first.get(), 1, nullptr, numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutputFromMemory(first.get(), 0, nullptr, memory, 0, 0) == 0);
  REQUIRE(ANeuralNetworksExecution_compute(first.get()) == 0);
  const client::Execution second = execution_of(compilation.get());
  REQUIRE(ANeuralNetworksExecution_setInputFromMemory(second.get(), 0, nullptr, memory, 0, 0) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(second.get(), 1, nullptr, numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(second.get(), 0, nullptr, numbers.result, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_compute(second.get()) == 0);
  for (int i = 0; i < 4; ++i) CHECK(numbers.result[i] == numbers.a[i] + 2 * numbers.b[i]);
}

TEST_CASE("bursts belong to one compilation") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  const client::Compilation other = compiled(model.get());
  ANeuralNetworksBurst* burst = nullptr;
  REQUIRE(ANeuralNetworksBurst_create(compilation.get(), &burst) == 0);
  const client::Burst owned(burst);
  Numbers numbers;
  const client::Execution stranger = execution_of(other.get());
  numbers.set(stranger.get());
  CHECK(ANeuralNetworksExecution_burstCompute(stranger.get(), burst) == ANEURALNETWORKS_BAD_DATA);
  for (int i = 0; i < 2; ++i) {
    const client::Execution execution = execution_of(compilation.get());
    numbers.set(execution.get());
    REQUIRE(ANeuralNetworksExecution_burstCompute(execution.get(), burst) == 0);
    CHECK(numbers.is_right());
  }
}

TEST_CASE("events, and executions that wait for others") {
  const client::Model model = sum();
  const client::Compilation compilation = compiled(model.get());
  Numbers first_numbers;
  Numbers second_numbers;
  const client::Execution first = execution_of(compilation.get());
  const client::Execution second = execution_of(compilation.get());
  first_numbers.set(first.get());
  REQUIRE(ANeuralNetworksExecution_setInput(second.get(), 0, nullptr, first_numbers.result, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setInput(second.get(), 1, nullptr, second_numbers.b, 16) == 0);
  REQUIRE(ANeuralNetworksExecution_setOutput(second.get(), 0, nullptr, second_numbers.result, 16) == 0);
  ANeuralNetworksEvent* event = nullptr;
  REQUIRE(ANeuralNetworksExecution_startCompute(first.get(), &event) == 0);
  const client::Event first_event(event);
  const ANeuralNetworksEvent* const dependencies[] = {event};
  REQUIRE(ANeuralNetworksExecution_startComputeWithDependencies(second.get(), dependencies, 1, 0, &event) == 0);
  const client::Event second_event(event);
  REQUIRE(ANeuralNetworksEvent_wait(event) == 0);
  for (int i = 0; i < 4; ++i) CHECK(second_numbers.result[i] == 20.0f * (i + 1) + i + 1);
  int fence = 0;
  CHECK(ANeuralNetworksEvent_getSyncFenceFd(event, &fence) == ANEURALNETWORKS_BAD_DATA);
  CHECK(fence == -1);
  ANeuralNetworksEvent* from_fence = nullptr;
  CHECK(ANeuralNetworksEvent_createFromSyncFenceFd(3, &from_fence) == ANEURALNETWORKS_BAD_DATA);
}

TEST_CASE("handles may be freed before what was made of them has run") {
  Numbers numbers;
  client::Execution execution;
  client::Compilation compilation;
  {
    const client::Model model = sum();
    compilation = compiled(model.get());
  }
  execution = execution_of(compilation.get());
  numbers.set(execution.get());
  REQUIRE(ANeuralNetworksExecution_compute(execution.get()) == 0);
  CHECK(numbers.is_right());
}
