// libFuzzer: any file, compiled and run on a stand-in for NNAPI that reads every byte it is given. See
// tests/fuzz/run.sh.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "passerelle/loader/passerelle.hpp"
#include "stand_in.h"

namespace {

using namespace passerelle;

constexpr uint64_t largest_buffers = 1 << 20;  // of all inputs and outputs; larger ones take time and show nothing

uint64_t bytes_of(const std::vector<passerelle_port_info>& ports) {
  uint64_t bytes = 0;
  for (const passerelle_port_info& port : ports) bytes += port.byte_size;
  return bytes;
}

void run(const loader::Model& model, const loader::Compilation& compilation, loader::Error& error) {
  const auto inputs = model.inputs(), outputs = model.outputs();
  if (bytes_of(inputs) + bytes_of(outputs) > largest_buffers) return;
  std::vector<std::vector<unsigned char>> buffers;
  loader::Execution execution = loader::Execution::make(compilation, {}, error);
  for (uint32_t i = 0; i < inputs.size(); ++i)
    execution.set_input(i, buffers.emplace_back(inputs[i].byte_size).data(), inputs[i].byte_size, error);
  for (uint32_t i = 0; i < outputs.size(); ++i)
    execution.set_output(i, buffers.emplace_back(outputs[i].byte_size).data(), outputs[i].byte_size, error);
  execution.run(error);
}

/// The file from memory, or through a descriptor, as it is on a device.
loader::Model opened(const uint8_t* data, size_t size, bool through_descriptor, loader::Error& error) {
  static const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (!through_descriptor) return loader::Model::open(data, size, error);
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, data, size, 0) != static_cast<ssize_t>(size))
    __builtin_trap();
  return loader::Model::open(descriptor, 0, size, error);
}

void compile_and_run(const loader::Nnapi& nnapi, const uint8_t* data, size_t size) {
  const size_t chance = std::hash<std::string_view>()({reinterpret_cast<const char*>(data), size});
  loader::Error error;
  const loader::Model model = opened(data, size, chance % 4 == 0, error);
  if (!model) return;
  for (uint32_t i = 0; i < model.info().operation_count; ++i) model.operation(i);
  loader::CompileOptions options;
  options.skip_weight_check = chance / 4 % 2;
  const loader::Compilation compilation = loader::Compilation::make(model, nnapi, options, error);
  if (compilation) run(model, compilation, error);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const loader::Nnapi nnapi = [] {
    loader::Error error;
    loader::Nnapi opened = loader::Nnapi::open(PASSERELLE_STAND_IN, error);
    if (!opened) __builtin_trap();
    return opened;
  }();
  static auto* const stand_in =
      reinterpret_cast<loader_test::StandIn* (*)()>(dlsym(dlopen(PASSERELLE_STAND_IN, RTLD_NOW), "stand_in"))();
  stand_in->calls.clear();  // it remembers all of them
  stand_in->memories.clear();
  compile_and_run(nnapi, data, size);
  if (stand_in->live_objects != 0) __builtin_trap();  // something of NNAPI's was not freed
  return 0;
}
