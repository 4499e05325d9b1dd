// NNAPI as a client sees it: the C functions, handles that free themselves, and golden models through them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "golden.h"
#include "passerelle/nnapi/c_api.h"

#define PASSERELLE_DECLARE(level, result, name, parameters) extern "C" result name parameters;
PASSERELLE_NNAPI_FUNCTIONS(PASSERELLE_DECLARE)
#undef PASSERELLE_DECLARE
extern "C" const char* passerelle_hostnn_last_error();

namespace client {

template <typename T, void (*free)(T*)>
struct Free {
  void operator()(T* handle) const { free(handle); }
};
template <typename T, void (*free)(T*)>
using Handle = std::unique_ptr<T, Free<T, free>>;

using Model = Handle<ANeuralNetworksModel, ANeuralNetworksModel_free>;
using Memory = Handle<ANeuralNetworksMemory, ANeuralNetworksMemory_free>;
using MemoryDescriptor = Handle<ANeuralNetworksMemoryDesc, ANeuralNetworksMemoryDesc_free>;
using Compilation = Handle<ANeuralNetworksCompilation, ANeuralNetworksCompilation_free>;
using Execution = Handle<ANeuralNetworksExecution, ANeuralNetworksExecution_free>;
using Burst = Handle<ANeuralNetworksBurst, ANeuralNetworksBurst_free>;
using Event = Handle<ANeuralNetworksEvent, ANeuralNetworksEvent_free>;

Model make_model();
ANeuralNetworksDevice* device();

/// A memory of anonymous pages with these bytes in it.
Memory make_memory(const std::vector<unsigned char>& bytes);

/// A failure of a step: NNAPI's code, and the host's sentence.
struct Result {
  int code = ANEURALNETWORKS_NO_ERROR;
  std::string message;
  bool ok() const { return code == ANEURALNETWORKS_NO_ERROR; }
};

/// A golden model, built and finished. The golden model must outlive it: its constants are not copied.
struct BuiltModel {
  Model model;
  std::vector<BuiltModel> referenced;
  std::vector<Memory> memories;
  Result result;
};
/// `unknown_outputs`: all sizes of the outputs are left open.
BuiltModel build(const passerelle::golden::Model& model, bool unknown_outputs);

struct BuiltCompilation {
  Compilation compilation;
  Result result;
};
BuiltCompilation compile(const BuiltModel& model);

/// How an execution is run and given its arguments.
struct Way {
  int runs = 1;              ///< with one reusable execution where over 1
  bool in_memories = false;  ///< inputs and outputs in shared memories
  bool asynchronous = false;
  int bytes_missing = 0;  ///< how much shorter the outputs' buffers are than needed
};

struct Outcome {
  Result result;
  std::vector<std::vector<unsigned char>> outputs;
  std::vector<std::vector<uint32_t>> dimensions;
};
/// Buffers have the size of the expected outputs, one byte where that is 0.
Outcome run(const BuiltCompilation& compilation, const passerelle::golden::Model& model, const Way& way);

/// Empty, or what differs from what the golden model expects.
std::string difference(const passerelle::golden::Model& model, const Outcome& outcome);

}  // namespace client
