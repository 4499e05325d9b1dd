#include "passerelle/bench/nnapi_runner.h"

#include <chrono>
#include <cstdint>

#include "passerelle/bench/made_up_inputs.h"

namespace passerelle::bench {
NnapiRunner NnapiRunner::make(const char* path, const char* library, const char* device, loader::Error& error) {
  NnapiRunner runner;
  runner.model_ = loader::Model::open(path, error);
  if (!runner.model_) return {};
  runner.nnapi_ = loader::Nnapi::open(library, error);
  if (!runner.nnapi_) return {};
  loader::CompileOptions options;
  options.device = device;
  const auto begin = std::chrono::steady_clock::now();
  runner.compilation_ = loader::Compilation::make(runner.model_, runner.nnapi_, options, error);
  if (!runner.compilation_) return {};
  runner.compile_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  runner.execution_ = loader::Execution::make(runner.compilation_, {}, error);
  if (!runner.execution_) return {};
  runner.inputs_ = made_up_inputs(runner.model_);
  uint32_t index = 0;
  for (const std::vector<unsigned char>& input : runner.inputs_)
    if (!runner.execution_.set_input(index++, input.data(), input.size(), error)) return {};
  index = 0;
  for (const passerelle_port_info& info : runner.model_.outputs()) {
    runner.outputs_.emplace_back(info.byte_size);
    if (!runner.execution_.set_output(index++, runner.outputs_.back().data(), info.byte_size, error)) return {};
  }
  return runner;
}

}  // namespace passerelle::bench
