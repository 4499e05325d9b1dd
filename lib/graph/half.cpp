#include "passerelle/graph/half.h"

#include <cmath>
#include <cstring>

namespace passerelle::graph {

float half_to_float(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  uint32_t exponent = (half >> 10) & 0x1fu;
  uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0) {
    float value = std::ldexp(static_cast<float>(mantissa), -24);
    return sign ? -value : value;
  }
  uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | (mantissa << 13);
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

uint16_t half_from_float(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float magnitude = std::fabs(value);
  if (std::isnan(value)) return sign | 0x7e00;
  // Halfway between the greatest half and what would come next.
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  // Multiples of 2^-24 are all there is below 2^-14; above, 11 bits.
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const int unit = exponent > -13 ? exponent - 11 : -24;
  const float rounded = std::ldexp(std::nearbyint(std::ldexp(magnitude, -unit)), unit);
  if (rounded < std::ldexp(1.0f, -14)) return sign | static_cast<uint16_t>(std::ldexp(rounded, 24));
  std::frexp(rounded, &exponent);
  const auto mantissa = static_cast<uint16_t>(std::ldexp(rounded, 11 - exponent));  // with its leading bit
  return sign | static_cast<uint16_t>(((exponent + 14) << 10) + (mantissa - 1024));
}

// The upper half of a float32.

float bfloat16_to_float(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

uint16_t bfloat16_from_float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  const uint32_t is_odd = (bits >> 16) & 1;
  return static_cast<uint16_t>((bits + 0x7fff + is_odd) >> 16);
}

}  // namespace passerelle::graph
