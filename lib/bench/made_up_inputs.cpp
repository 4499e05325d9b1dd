#include "passerelle/bench/made_up_inputs.h"

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

/// Floats around 0; integers 0 or 1, small enough for an index; quantized ones of every value.
std::vector<unsigned char> example(const passerelle_port_info& info, std::mt19937& random) {
  std::vector<unsigned char> buffer(info.byte_size);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> small(0, 1), byte(0, 255);
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

std::vector<std::vector<unsigned char>> made_up_inputs(const loader::Model& model) {
  std::mt19937 random(20240);
  std::vector<std::vector<unsigned char>> buffers;
  for (const passerelle_port_info& info : model.inputs()) buffers.push_back(example(info, random));
  return buffers;
}

}  // namespace passerelle::bench
