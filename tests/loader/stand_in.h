// An NNAPI library that computes nothing, and remembers what it was told. One shared library a feature level: each has
// the functions of its level and below, and no others.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace passerelle::loader_test {

struct RecordedOperand {
  int32_t type = 0;
  std::vector<uint32_t> dimensions;
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  uint32_t channel_dimension = 0;
  bool has_value = false;
  bool from_memory = false;
  const void* address = nullptr;     // of a value that was given by address
  std::vector<unsigned char> value;  // as it was when it was given
};

struct RecordedOperation {
  int32_t type = 0;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
};

struct RecordedMemory {
  size_t size = 0;
  size_t offset = 0;
};

struct StandInDevice {
  std::string name;
  int32_t type = 0;  // NNAPI's
  std::string version = "1.2";
  std::vector<int32_t> unsupported = {};  // operation types that it can't run
};

/// Of one stand-in library; shared by all that load it.
struct StandIn {
  // What the test sets.
  std::map<std::string, int> failures;  // functions that return this result
  int64_t runtime_level = 31;           // NNAPI's number, for the stand-in of level 5
  int64_t device_level = 30;
  std::vector<StandInDevice> devices = default_devices();  // before the library is opened
  bool keeps_values = true;                                // copies of constants and inputs; else nothing is computed
  std::string crashes_in;                                  // the function that takes the process down

  // What the loader did.
  std::mutex mutex;
  std::vector<std::string> calls;
  std::vector<RecordedOperand> operands;
  std::vector<RecordedOperation> operations;
  std::vector<RecordedMemory> memories;
  std::vector<uint32_t> model_inputs;
  std::vector<uint32_t> model_outputs;
  std::vector<std::vector<unsigned char>> inputs;  // bytes of the last execution
  bool relaxed = false;
  int32_t preference = -1;
  std::string device;  // names of the last compilation's, ", " between them
  std::string cache_directory;
  std::vector<uint8_t> cache_token;
  int priority = 0;
  uint64_t compile_timeout = 0;
  uint64_t run_timeout = 0;
  uint64_t loop_timeout = 0;
  std::vector<std::vector<StandInDevice>> retired_devices;  // NNAPI's names live as long as the process
  int live_objects = 0;  // models, compilations, executions, events, memories not freed

  void reset() {
    failures.clear();
    runtime_level = 31;
    device_level = 30;
    retired_devices.push_back(std::move(devices));
    devices = default_devices();
    crashes_in.clear();
    keeps_values = true;
    calls.clear();
    operands.clear();
    operations.clear();
    memories.clear();
    model_inputs.clear();
    model_outputs.clear();
    inputs.clear();
    relaxed = false;
    preference = -1;
    device.clear();
    cache_directory.clear();
    cache_token.clear();
    priority = 0;
    compile_timeout = run_timeout = loop_timeout = 0;
  }
  int count(const std::string& function) const {
    int count = 0;
    for (const std::string& call : calls) count += call == function;
    return count;
  }
  static std::vector<StandInDevice> default_devices() { return {{"stand-in-npu", 4}, {"stand-in-cpu", 2}}; }
  bool called(const std::string& function) const {
    for (const std::string& call : calls)
      if (call == function) return true;
    return false;
  }
};

}  // namespace passerelle::loader_test
