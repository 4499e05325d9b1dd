// libFuzzer: any file, compiled and run on a stand-in for NNAPI that reads every byte it is given. The mutator changes
// the head and seals it again, or no mutation would get past its digest.
//
//     cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DPASSERELLE_LOADER_ONLY=ON
//           -DPASSERELLE_LOADER_TESTS=ON -DPASSERELLE_FUZZ=ON
//     ninja -C build/fuzz fuzz_loader blob_seeds && build/fuzz/bin/blob_seeds corpus && build/fuzz/bin/fuzz_loader
//     corpus
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "passerelle/blob/digest.h"
#include "passerelle/blob/view.h"
#include "passerelle/loader/passerelle.hpp"
#include "stand_in.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using namespace passerelle;

constexpr uint64_t largest_buffers = 1 << 20;  // of all inputs and outputs; larger ones take time and show nothing

/// Gives the head the digest that it should have, where there is a head.
void seal(uint8_t* data, size_t size) {
  const auto head = blob::head_size(data, size);
  if (!head || *head > size || size - *head < sizeof(uint64_t)) return;
  const uint64_t digest = blob::digest(data, static_cast<size_t>(*head));
  std::memcpy(data + *head, &digest, sizeof digest);
}

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

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned) {
  const size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  seal(data, mutated);
  return mutated;
}

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
  loader::Error error;
  const loader::Model model = loader::Model::open(data, size, error);
  if (!model) return 0;
  for (uint32_t i = 0; i < model.info().operation_count; ++i) model.operation(i);
  loader::CompileOptions options;
  options.skip_weight_check = 1;
  const loader::Compilation compilation = loader::Compilation::make(model, nnapi, options, error);
  if (compilation) run(model, compilation, error);
  return 0;
}
