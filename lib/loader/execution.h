// A compilation with buffers, run as often as wanted.
#pragma once

#include <memory>
#include <vector>

#include "compilation.h"
#include "crash_mark.h"
#include "memory.h"
#include "passerelle/blob/view.h"
#include "passerelle/loader/passerelle.h"

/// Not for two threads at a time.
struct passerelle_execution {
 public:
  passerelle_execution(std::shared_ptr<const passerelle::loader::Compiled> compiled,
                       const passerelle_execution_options& options, bool run_often);
  passerelle_execution(const passerelle_execution&) = delete;
  passerelle_execution& operator=(const passerelle_execution&) = delete;
  ~passerelle_execution();

  const passerelle::loader::Compiled& compiled() const { return *compiled_; }
  /// Checks the options against library and devices, and makes the burst.
  passerelle_status open(passerelle_error* error);

  passerelle_status set_input(uint32_t index, const void* data, size_t size, passerelle_error* error);
  passerelle_status set_output(uint32_t index, void* data, size_t size, passerelle_error* error);
  passerelle_status set_memory(bool input, uint32_t index, std::shared_ptr<const passerelle::loader::Memory> memory,
                               size_t offset, passerelle_error* error);
  passerelle_status run(passerelle_error* error);
  passerelle_status start(passerelle_error* error);
  passerelle_status wait(passerelle_error* error);
  passerelle_status timing(passerelle_timing& timing, passerelle_error* error) const;

 private:
  /// What a port reads or writes. NNAPI is given `scratch` where the layouts differ, `data` or `memory` elsewhere.
  struct Buffer {
    const void* data = nullptr;
    std::shared_ptr<const passerelle::loader::Memory> memory;
    size_t offset = 0;
    std::unique_ptr<unsigned char[]> scratch;
    bool is_set() const { return data || memory; }
  };
  using NativeExecution = std::unique_ptr<ANeuralNetworksExecution, void (*)(ANeuralNetworksExecution*)>;
  using NativeBurst = std::unique_ptr<ANeuralNetworksBurst, void (*)(ANeuralNetworksBurst*)>;

  passerelle_status set_buffer(bool input, uint32_t index, const void* data, size_t size, passerelle_error* error);
  passerelle_status check_index(bool input, uint32_t index, passerelle_error* error) const;
  passerelle_status check_idle(passerelle_error* error) const;
  passerelle_status prepare(passerelle_error* error);
  passerelle_status create(passerelle_error* error);
  passerelle_status give_buffers(passerelle_error* error);
  passerelle_status give(bool input, uint32_t index, passerelle_error* error);
  passerelle_status compute(passerelle_error* error);
  passerelle_status compute_by_event(passerelle_error* error);
  passerelle_status finish(passerelle_status status);
  void convert_inputs();
  void convert_outputs();
  std::string expired() const;
  passerelle_status checked(int result, const char* function, const std::string& what, passerelle_error* error) const;

  std::shared_ptr<const passerelle::loader::Compiled> compiled_;
  const passerelle::loader::Functions& functions_;
  const passerelle::blob::View& view_;
  passerelle_execution_options options_;
  bool reuse_;  ///< NNAPI's own execution, from run to run
  bool ran_ = false;
  std::vector<Buffer> inputs_;
  std::vector<Buffer> outputs_;
  std::unique_ptr<passerelle::loader::CrashMark> mark_;  ///< while a driver is at its first run
  NativeBurst burst_;
  NativeExecution native_;  ///< freed before its buffers
  ANeuralNetworksEvent* event_ = nullptr;
};
