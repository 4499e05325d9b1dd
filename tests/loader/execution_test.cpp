#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <thread>

#include "catch.h"
#include "fixture.h"
#include "passerelle/nnapi/c_api.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

using graph::Layout;
constexpr size_t elements = 2 * 3 * 4 * 5;
constexpr size_t bytes_of_image = elements * sizeof(float);

struct Made {
  StandIn& stand_in;
  std::vector<unsigned char> bytes;
  loader::Nnapi nnapi;
  loader::Compilation compilation;
  loader::Error error;
};

Made made_at(const std::string& level, const char* device = nullptr, Layout nnapi_layout = Layout::as_pytorch) {
  Made made{fresh_stand_in(library_path(level)), file_of(image_graph(Layout::as_pytorch, nnapi_layout)), {}, {}, {}};
  made.nnapi = open_nnapi(library_path(level));
  loader::CompileOptions options;
  options.device = device;
  const loader::Model model = open_model(made.bytes);
  made.compilation = loader::Compilation::make(model, made.nnapi, options, made.error);
  if (!made.compilation) FAIL(made.error.message());
  return made;
}

std::vector<float> image(float first) {
  std::vector<float> values(elements);
  std::iota(values.begin(), values.end(), first);
  return values;
}

/// A memfd of this many bytes.
class SharedMemory {
 public:
  explicit SharedMemory(size_t size) : descriptor_(::memfd_create("test", MFD_CLOEXEC)), size_(size) {
    REQUIRE(::ftruncate(descriptor_, static_cast<off_t>(size)) == 0);
    address_ = static_cast<unsigned char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0));
    REQUIRE(address_ != MAP_FAILED);
  }
  SharedMemory(const SharedMemory&) = delete;
  ~SharedMemory() {
    ::munmap(address_, size_);
    ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }
  const int* address_of_descriptor() const { return &descriptor_; }
  unsigned char* address() { return address_; }

 private:
  int descriptor_;
  size_t size_;
  unsigned char* address_;
};

}  // namespace

TEST_CASE("an execution runs as often as wanted, at every level, with what NNAPI has to help") {
  const std::string level = GENERATE("1", "2", "3", "4", "5");
  const bool by_event = GENERATE(false, true);
  const Layout layout = GENERATE(Layout::as_pytorch, Layout::channels_last);
  INFO("level " << level << (by_event ? ", by event" : ""));
  {
    Made made = made_at(level, nullptr, layout);
    loader::ExecutionOptions options;
    options.burst = 1;
    loader::Execution execution = loader::Execution::make(made.compilation, options, made.error);
    REQUIRE(execution);
    std::vector<float> in = image(0), out(elements), other_out(elements);
    REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
    REQUIRE(execution.set_output(0, out.data(), bytes_of_image, made.error));
    const auto run = [&] {
      const bool done =
          by_event ? execution.start(made.error) && execution.wait(made.error) : execution.run(made.error);
      if (!done) FAIL(made.error.message());
    };
    for (int round = 0; round < 3; ++round) {
      std::iota(in.begin(), in.end(), static_cast<float>(round));  // the same buffer with new content
      run();
      CHECK(out == in);
    }
    CHECK(made.stand_in.count("ANeuralNetworksExecution_create") == (level == "5" ? 1 : 3));
    REQUIRE(execution.set_output(0, other_out.data(), bytes_of_image, made.error));
    run();
    CHECK(other_out == in);
    // A converted output goes to the caller from memory of our own: NNAPI's execution needs no change.
    CHECK(made.stand_in.count("ANeuralNetworksExecution_create") == (level != "5"                      ? 4
                                                                     : layout == Layout::channels_last ? 1
                                                                                                       : 2));
    CHECK(made.stand_in.called("ANeuralNetworksExecution_burstCompute") == (level >= "3" && !by_event));
    CHECK(made.stand_in.called("ANeuralNetworksEvent_wait") == (level < "3" || by_event));
    CHECK(made.stand_in.called("ANeuralNetworksExecution_compute") == false);
  }
  CHECK(fresh_stand_in(library_path(level)).live_objects == 0);
}

TEST_CASE("an execution outlives what it was made of, and waits before it goes") {
  StandIn& stand_in = fresh_stand_in(library_path("5"));
  {
    std::vector<float> in = image(3), out(elements);
    loader::Execution execution;
    {
      Made made = made_at("5");
      execution = loader::Execution::make(made.compilation, {}, made.error);
    }
    loader::Error error;
    REQUIRE(execution.set_input(0, in.data(), bytes_of_image, error));
    REQUIRE(execution.set_output(0, out.data(), bytes_of_image, error));
    REQUIRE(execution.start(error));
    execution = loader::Execution();
    CHECK(out == in);
  }
  CHECK(stand_in.live_objects == 0);
}

TEST_CASE("executions of one compilation run in several threads at a time") {
  Made made = made_at("5", nullptr, Layout::channels_last);
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      loader::Error error;
      loader::Execution execution = loader::Execution::make(made.compilation, {}, error);
      std::vector<float> in(elements), out(elements);
      wrong[t] += !execution.set_input(0, in.data(), bytes_of_image, error) ||
                  !execution.set_output(0, out.data(), bytes_of_image, error);
      for (int round = 0; round < 200; ++round) {
        std::fill(in.begin(), in.end(), static_cast<float>(t * 1000 + static_cast<size_t>(round)));
        wrong[t] += !execution.run(error) || out != in;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("timeouts and measured time need their level and one device") {
  loader::ExecutionOptions timed, measured;
  timed.timeout = 77;
  measured.measure_timing = 1;
  {
    Made made = made_at("4", "stand-in-npu");
    loader::Execution execution = loader::Execution::make(made.compilation, timed, made.error);
    std::vector<float> in = image(0), out(elements);
    REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
    REQUIRE(execution.set_output(0, out.data(), bytes_of_image, made.error));
    REQUIRE(execution.run(made.error));
    CHECK(made.stand_in.run_timeout == 77);
    made.stand_in.failures["ANeuralNetworksExecution_compute"] = ANEURALNETWORKS_MISSED_DEADLINE_PERSISTENT;
    CHECK_FALSE(execution.run(made.error));
    CHECK(made.error.status() == PASSERELLE_TIMED_OUT);
  }
  for (const char* level : {"3", "5"}) {
    Made made = made_at(level, "stand-in-npu");
    loader::Execution execution = loader::Execution::make(made.compilation, measured, made.error);
    std::vector<float> in = image(0), out(elements);
    REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
    REQUIRE(execution.set_output(0, out.data(), bytes_of_image, made.error));
    execution.timing(made.error);
    CHECK(made.error.status() == PASSERELLE_INVALID_ARGUMENT);
    for (int round = 0; round < 2; ++round) {
      REQUIRE(execution.run(made.error));
      const passerelle_timing timing = execution.timing(made.error);
      CHECK(timing.on_hardware == 1000);
      CHECK(timing.in_driver == 2000);
    }
  }
  const auto refused = [](Made made, const loader::ExecutionOptions& options) {
    CHECK_FALSE(loader::Execution::make(made.compilation, options, made.error));
    return made.error.status();
  };
  CHECK(refused(made_at("4"), timed) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(refused(made_at("4"), measured) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(refused(made_at("3", "stand-in-npu"), timed) == PASSERELLE_NNAPI_TOO_OLD);
  CHECK(refused(made_at("2"), measured) == PASSERELLE_NNAPI_TOO_OLD);
}

TEST_CASE("inputs and outputs lie in memory that was registered once") {
  const std::string level = GENERATE("1", "3", "5");
  {
    Made made = made_at(level);
    SharedMemory shared(8192 + 4096);
    const loader::Memory memory = loader::Memory::from_descriptor(made.nnapi, shared.descriptor(),
                                                                  PASSERELLE_ACCESS_READ_WRITE, 4096, 8192, made.error);
    REQUIRE(memory);
    loader::Execution execution = loader::Execution::make(made.compilation, {}, made.error);
    REQUIRE(execution.set_input(0, memory, 0, made.error));
    REQUIRE(execution.set_output(0, memory, 2048, made.error));
    for (int round = 0; round < 2; ++round) {
      const std::vector<float> in = image(static_cast<float>(7 * round));
      std::memcpy(shared.address() + 4096, in.data(), bytes_of_image);
      REQUIRE(execution.run(made.error));
      CHECK(std::memcmp(shared.address() + 4096 + 2048, in.data(), bytes_of_image) == 0);
    }
    CHECK(made.stand_in.count("ANeuralNetworksMemory_createFromFd") == 1);
    CHECK(made.stand_in.called("ANeuralNetworksExecution_setInputFromMemory"));
    CHECK_FALSE(made.stand_in.called("ANeuralNetworksExecution_setInput"));
    // Back to a buffer of the caller's.
    const std::vector<float> in = image(99);
    REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
    REQUIRE(execution.run(made.error));
    CHECK(std::memcmp(shared.address() + 4096 + 2048, in.data(), bytes_of_image) == 0);
  }
  CHECK(fresh_stand_in(library_path(level)).live_objects == 0);
}

TEST_CASE("hardware buffers are memories from level 3 on") {
  SharedMemory shared(4096);
  const auto* buffer = reinterpret_cast<const AHardwareBuffer*>(shared.address_of_descriptor());
  Made made = made_at("3");
  const loader::Memory memory = loader::Memory::from_hardware_buffer(made.nnapi, buffer, 4096, made.error);
  REQUIRE(memory);
  loader::Execution execution = loader::Execution::make(made.compilation, {}, made.error);
  const std::vector<float> in = image(5);
  REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
  REQUIRE(execution.set_output(0, memory, 1024, made.error));
  REQUIRE(execution.run(made.error));
  CHECK(std::memcmp(shared.address() + 1024, in.data(), bytes_of_image) == 0);
  CHECK((made.nnapi.features() & PASSERELLE_FEATURE_HARDWARE_BUFFERS) != 0);

  Made older = made_at("2");
  CHECK_FALSE(loader::Memory::from_hardware_buffer(older.nnapi, buffer, 4096, older.error));
  CHECK(older.error.status() == PASSERELLE_NNAPI_TOO_OLD);
  CHECK((older.nnapi.features() & PASSERELLE_FEATURE_HARDWARE_BUFFERS) == 0);
}

TEST_CASE("what does not fit a memory or an execution is refused") {
  Made made = made_at("5");
  SharedMemory shared(4096);
  const auto memory_with = [&](int descriptor, int access, size_t offset, size_t size) {
    return loader::Memory::from_descriptor(made.nnapi, descriptor, static_cast<passerelle_access>(access), offset, size,
                                           made.error);
  };
  for (const loader::Memory& none :
       {memory_with(-1, 3, 0, 4096), memory_with(shared.descriptor(), 0, 0, 4096),
        memory_with(shared.descriptor(), 3, 0, 0), memory_with(shared.descriptor(), 3, 100, 4096)}) {
    CHECK_FALSE(none);
    CHECK(made.error.status() == PASSERELLE_INVALID_ARGUMENT);
  }
  const loader::Memory memory = memory_with(shared.descriptor(), 3, 0, 4096);
  REQUIRE(memory);
  loader::Execution execution = loader::Execution::make(made.compilation, {}, made.error);
  std::vector<float> in = image(0), out(elements);
  const auto refused = [&](bool done) {
    CHECK_FALSE(done);
    CHECK(made.error.status() == PASSERELLE_INVALID_ARGUMENT);
    return std::string(made.error.message());
  };
  CHECK_THAT(refused(execution.set_input(0, memory, 4096 - bytes_of_image + 1, made.error)),
             ContainsSubstring("480 bytes"));
  CHECK_THAT(refused(execution.set_input(0, memory, SIZE_MAX, made.error)), ContainsSubstring("480 bytes"));
  CHECK_THAT(refused(execution.set_input(1, memory, 0, made.error)), ContainsSubstring("no input 1"));
  CHECK_THAT(refused(execution.set_output(1, out.data(), bytes_of_image, made.error)),
             ContainsSubstring("no output 1"));
  CHECK_THAT(refused(execution.run(made.error)), ContainsSubstring("input 0 (picture) has no buffer"));
  REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
  CHECK_THAT(refused(execution.run(made.error)), ContainsSubstring("output 0 (output0) has no buffer"));
  CHECK_THAT(refused(execution.wait(made.error)), ContainsSubstring("no run was started"));
  REQUIRE(execution.set_output(0, out.data(), bytes_of_image, made.error));
  REQUIRE(execution.start(made.error));
  CHECK_THAT(refused(execution.start(made.error)), ContainsSubstring("nobody waited"));
  CHECK_THAT(refused(execution.set_input(0, in.data(), bytes_of_image, made.error)),
             ContainsSubstring("nobody waited"));
  CHECK(execution.wait(made.error));

  Made converting = made_at("5", nullptr, Layout::channels_last);
  const loader::Memory other = loader::Memory::from_descriptor(converting.nnapi, shared.descriptor(),
                                                               PASSERELLE_ACCESS_READ, 0, 4096, converting.error);
  loader::Execution converts = loader::Execution::make(converting.compilation, {}, converting.error);
  CHECK_FALSE(converts.set_input(0, other, 0, converting.error));
  CHECK_THAT(converting.error.message(), ContainsSubstring("NHWC"));
  Made elsewhere = made_at("4");
  loader::Execution foreign = loader::Execution::make(elsewhere.compilation, {}, elsewhere.error);
  CHECK_FALSE(foreign.set_input(0, memory, 0, elsewhere.error));
  CHECK_THAT(elsewhere.error.message(), ContainsSubstring("another NNAPI library"));
}

TEST_CASE("every failure of NNAPI in an execution has its name, and the next run is sound") {
  struct Row {
    const char* function;
    bool by_event;
  };
  for (const Row& row :
       {Row{"ANeuralNetworksExecution_create", false}, Row{"ANeuralNetworksExecution_setReusable", false},
        Row{"ANeuralNetworksExecution_setMeasureTiming", false}, Row{"ANeuralNetworksExecution_setTimeout", false},
        Row{"ANeuralNetworksExecution_setInput", false}, Row{"ANeuralNetworksExecution_setOutput", false},
        Row{"ANeuralNetworksExecution_burstCompute", false}, Row{"ANeuralNetworksExecution_startCompute", true},
        Row{"ANeuralNetworksEvent_wait", true}}) {
    INFO(row.function);
    Made made = made_at("5", "stand-in-npu");
    loader::ExecutionOptions options;
    options.burst = options.measure_timing = 1;
    options.timeout = 1;
    loader::Execution execution = loader::Execution::make(made.compilation, options, made.error);
    std::vector<float> in = image(1), out(elements);
    REQUIRE(execution.set_input(0, in.data(), bytes_of_image, made.error));
    REQUIRE(execution.set_output(0, out.data(), bytes_of_image, made.error));
    const auto run = [&] {
      return row.by_event ? execution.start(made.error) && execution.wait(made.error) : execution.run(made.error);
    };
    made.stand_in.failures[row.function] = 5;
    CHECK_FALSE(run());
    CHECK(made.error.status() == PASSERELLE_NNAPI_FAILED);
    CHECK_THAT(made.error.message(), ContainsSubstring(row.function) && ContainsSubstring("OP_FAILED (5)"));
    made.stand_in.failures.clear();
    CHECK(run());
    CHECK(out == in);
  }
  Made made = made_at("5");
  made.stand_in.failures["ANeuralNetworksBurst_create"] = 5;
  loader::ExecutionOptions options;
  options.burst = 1;
  CHECK_FALSE(loader::Execution::make(made.compilation, options, made.error));
  CHECK_THAT(made.error.message(), ContainsSubstring("ANeuralNetworksBurst_create"));
}
