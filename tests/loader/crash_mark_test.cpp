// Drivers that take the process down: in a child process, truly.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "catch.h"
#include "fixture.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr size_t bytes_of_image = 480;

bool compile_and_run(const std::string& library, const loader::CompileOptions& options, loader::Error& error,
                     passerelle_compilation_info* info = nullptr, bool by_event = false) {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  const loader::Model model = open_model(bytes);
  const loader::Compilation compilation = loader::Compilation::make(model, open_nnapi(library), options, error);
  if (!compilation) return false;
  if (info) *info = compilation.info();
  std::vector<unsigned char> in(bytes_of_image), out(bytes_of_image);
  loader::Execution execution = loader::Execution::make(compilation, {}, error);
  return execution.set_input(0, in.data(), in.size(), error) &&
         execution.set_output(0, out.data(), out.size(), error) &&
         (by_event ? execution.start(error) && execution.wait(error) : execution.run(error));
}

/// The signal that ended a child which compiled and ran with a driver that crashes in `function`; 0: it lived.
int crash_in(const char* function, const std::string& library, const loader::CompileOptions& options,
             bool by_event = false) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // without Catch's handler
    StandIn& stand_in = fresh_stand_in(library);
    stand_in.crashes_in = function;
    loader::Error error;
    compile_and_run(library, options, error, nullptr, by_event);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("a device that took the process down is stayed off, until its driver is another") {
  const char* function =
      GENERATE("ANeuralNetworksModel_getSupportedOperationsForDevices", "ANeuralNetworksCompilation_finish",
               "ANeuralNetworksExecution_compute", "ANeuralNetworksEvent_wait");
  INFO(function);
  const TemporaryFolder folder;
  const std::string library = library_path("3");
  loader::CompileOptions options;
  options.crash_directory = folder.path().c_str();
  loader::CompileOptions npu_alone = options;
  npu_alone.device = "stand-in-npu";
  const bool by_event = std::string(function) == "ANeuralNetworksEvent_wait";
  REQUIRE(crash_in(function, library, npu_alone, by_event) == SIGABRT);
  CHECK(folder.entries() == 1);

  loader::Error error;
  passerelle_compilation_info info{};
  StandIn& stand_in = fresh_stand_in(library);
  CHECK(compile_and_run(library, options, error, &info));
  CHECK(info.suspected_devices == 0b01);
  CHECK(stand_in.device == "stand-in-cpu");

  CHECK_FALSE(compile_and_run(library, npu_alone, error));
  CHECK(error.status() == PASSERELLE_DEVICE_SUSPECTED);
  CHECK_THAT(error.message(), ContainsSubstring("stand-in-npu") && ContainsSubstring(folder.path()));
  loader::CompileOptions chosen_by_nnapi = options;
  chosen_by_nnapi.reference = PASSERELLE_REFERENCE_ALLOWED;
  CHECK_FALSE(compile_and_run(library, chosen_by_nnapi, error));
  CHECK(error.status() == PASSERELLE_DEVICE_SUSPECTED);

  stand_in.devices[0].version = "1.3";
  CHECK(compile_and_run(library, options, error, &info));
  CHECK(info.suspected_devices == 0);

  stand_in.devices[0].version = "1.2";
  CHECK(passerelle_crash_marks_clear(folder.path().c_str(), nullptr) == PASSERELLE_OK);
  CHECK(folder.entries() == 0);
  CHECK(compile_and_run(library, npu_alone, error));
  CHECK(folder.entries() == 0);
}

TEST_CASE("below level 3 the library as a whole is stayed off") {
  const TemporaryFolder folder;
  loader::CompileOptions options;
  options.crash_directory = folder.path().c_str();
  REQUIRE(crash_in("ANeuralNetworksCompilation_finish", library_path("2"), options) == SIGABRT);
  loader::Error error;
  fresh_stand_in(library_path("2"));
  CHECK_FALSE(compile_and_run(library_path("2"), options, error));
  CHECK(error.status() == PASSERELLE_DEVICE_SUSPECTED);
}

TEST_CASE("a second try is not made with a device that is suspected") {
  const TemporaryFolder folder;
  loader::CompileOptions options;
  options.crash_directory = folder.path().c_str();
  loader::CompileOptions npu_alone = options;
  npu_alone.device = "stand-in-npu";
  REQUIRE(crash_in("ANeuralNetworksCompilation_finish", library_path("3"), npu_alone) == SIGABRT);
  StandIn& stand_in = fresh_stand_in(library_path("3"));
  stand_in.failures["ANeuralNetworksCompilation_createForDevices"] = 5;
  loader::Error error;
  CHECK_FALSE(compile_and_run(library_path("3"), options, error));
  CHECK(error.status() == PASSERELLE_NNAPI_FAILED);
  CHECK_FALSE(stand_in.called("ANeuralNetworksCompilation_create"));
}

TEST_CASE("living processes suspect nobody, however many compile at a time") {
  const TemporaryFolder folder;
  loader::CompileOptions options;
  options.crash_directory = folder.path().c_str();
  fresh_stand_in(library_path("2"));
  std::vector<int> failed(4, 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      int wrong = 0;
      loader::Error error;
      for (int round = 0; round < 50; ++round) wrong += !compile_and_run(library_path("2"), options, error);
      ::_exit(wrong);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("a crash directory that is none is told") {
  loader::CompileOptions options;
  options.crash_directory = "/nonexistent/crashes";
  fresh_stand_in(library_path("3"));
  loader::Error error;
  CHECK_FALSE(compile_and_run(library_path("3"), options, error));
  CHECK(error.status() == PASSERELLE_INVALID_ARGUMENT);
  CHECK_THAT(error.message(), ContainsSubstring("/nonexistent/crashes"));
  CHECK(passerelle_crash_marks_clear(nullptr, nullptr) == PASSERELLE_INVALID_ARGUMENT);
}
