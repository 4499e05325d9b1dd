// The types behind NNAPI's handles, and what every C function does around its work.
#pragma once

#include <exception>
#include <new>

#include "compilation.h"
#include "device.h"
#include "execution.h"
#include "last_error.h"
#include "memory.h"
#include "model.h"
#include "passerelle/nnapi/c_api.h"

struct ANeuralNetworksModel : passerelle::hostnn::Model {};
struct ANeuralNetworksMemory : passerelle::hostnn::Memory {
  explicit ANeuralNetworksMemory(Memory memory) : Memory(std::move(memory)) {}
};
struct ANeuralNetworksMemoryDesc : passerelle::hostnn::MemoryDescriptor {};
struct ANeuralNetworksCompilation : passerelle::hostnn::Compilation {
  using Compilation::Compilation;
};
struct ANeuralNetworksExecution : passerelle::hostnn::Execution {
  using Execution::Execution;
};
struct ANeuralNetworksBurst : passerelle::hostnn::Burst {
  using Burst::Burst;
};
struct ANeuralNetworksEvent {
  std::unique_ptr<passerelle::hostnn::Event> event;
};
struct ANeuralNetworksDevice : passerelle::hostnn::Device {};

// Every function is declared from the table, so that a definition which does not match it fails to compile.
#define PASSERELLE_DECLARE(level, result, name, parameters) \
  extern "C" __attribute__((visibility("default"))) result name parameters;
PASSERELLE_NNAPI_FUNCTIONS(PASSERELLE_DECLARE)
#undef PASSERELLE_DECLARE

namespace passerelle::hostnn {

/// Runs the body of a C function; no exception leaves it, and a failure is kept for passerelle_hostnn_last_error.
template <typename Body>
int guarded(const char* function, Body&& body) noexcept {
  try {
    return report(function, body());
  } catch (const std::bad_alloc&) {
    return ANEURALNETWORKS_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    try {
      return report(function, operation_failed(error.what()));
    } catch (...) {
      return ANEURALNETWORKS_OP_FAILED;
    }
  } catch (...) {
    return ANEURALNETWORKS_OP_FAILED;
  }
}

template <typename... Pointers>
bool any_null(const Pointers*... pointers) {
  return ((pointers == nullptr) || ...);
}

inline Status null_argument() { return unexpected_null("a null pointer was passed"); }

}  // namespace passerelle::hostnn
