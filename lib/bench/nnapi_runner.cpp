#include "passerelle/bench/nnapi_runner.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <random>

namespace passerelle::bench {
namespace {

template <typename T, typename Draw>
void fill(std::vector<unsigned char>& buffer, Draw draw) {
  for (size_t at = 0; at + sizeof(T) <= buffer.size(); at += sizeof(T)) {
    const T value = static_cast<T>(draw());
    std::memcpy(&buffer[at], &value, sizeof(T));
  }
}

/// Floats around 0; integers from 0 to 3, small enough for an index; quantized ones of every value.
std::vector<unsigned char> example(const passerelle_port_info& info, std::mt19937& random) {
  std::vector<unsigned char> buffer(info.byte_size);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> small(0, 3), byte(0, 255);
  switch (info.buffer_dtype) {
    case PASSERELLE_FLOAT32: fill<float>(buffer, [&] { return normal(random); }); break;
    case PASSERELLE_FLOAT64: fill<double>(buffer, [&] { return normal(random); }); break;
    case PASSERELLE_INT16: fill<int16_t>(buffer, [&] { return small(random); }); break;
    case PASSERELLE_INT32: fill<int32_t>(buffer, [&] { return small(random); }); break;
    case PASSERELLE_INT64: fill<int64_t>(buffer, [&] { return small(random); }); break;
    case PASSERELLE_BOOL: fill<uint8_t>(buffer, [&] { return small(random) & 1; }); break;
    case PASSERELLE_INT8:
    case PASSERELLE_UINT8:
    case PASSERELLE_QUINT8:
    case PASSERELLE_QINT8: fill<uint8_t>(buffer, [&] { return byte(random); }); break;
    default: break;  // zeros: halves and 32-bit quantized integers have no common small values
  }
  return buffer;
}

}  // namespace

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
  std::mt19937 random(20240);
  uint32_t index = 0;
  for (const passerelle_port_info& info : runner.model_.inputs()) {
    runner.inputs_.push_back(example(info, random));
    if (!runner.execution_.set_input(index++, runner.inputs_.back().data(), info.byte_size, error)) return {};
  }
  index = 0;
  for (const passerelle_port_info& info : runner.model_.outputs()) {
    runner.outputs_.emplace_back(info.byte_size);
    if (!runner.execution_.set_output(index++, runner.outputs_.back().data(), info.byte_size, error)) return {};
  }
  return runner;
}

}  // namespace passerelle::bench
