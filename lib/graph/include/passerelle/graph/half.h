// IEEE 754's 16-bit floats, and bfloat16, as bits.
#pragma once

#include <cstdint>

namespace passerelle::graph {

float half_to_float(uint16_t half);

/// The nearest one, ties to even; infinite beyond 65504.
uint16_t half_from_float(float value);

float bfloat16_to_float(uint16_t bits);

/// The nearest one, ties to even.
uint16_t bfloat16_from_float(float value);

}  // namespace passerelle::graph
