// The loops of integer_kernels.h over elements, which the compiler makes vectors of. As in integer_loops.h, nothing has
// a name outside of the including file.
#pragma once

#include "integer_kernels.h"

namespace passerelle::hostnn {
namespace {

/// fixed_point.h's multiply() without a branch. Halves of a product are rounded upwards, and those of a shift away from
/// 0.
void rescale_all(const Rescaling& rescaling, const int32_t* __restrict sums, int64_t first, int64_t count,
                 uint8_t* __restrict result) {
  const int32_t* const bias = rescaling.bias.data() + first;
  const int32_t* const mantissas = rescaling.mantissas.data() + first;
  const int32_t* const left = rescaling.left_shifts.data() + first;
  const int32_t* const right = rescaling.right_shifts.data() + first;
  const int32_t zero_point = rescaling.zero_point;
  const int32_t lowest = rescaling.lowest - zero_point, highest = rescaling.highest - zero_point;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t sum = static_cast<uint32_t>(sums[i]) + static_cast<uint32_t>(bias[i]);
    const int64_t product = int64_t{static_cast<int32_t>(sum << left[i])} * mantissas[i] + (int64_t{1} << 30);
    const auto high = static_cast<int32_t>(static_cast<uint64_t>(product) >> 31);
    const auto mask = static_cast<int32_t>((uint32_t{1} << right[i]) - 1);
    const int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
    const int32_t steps = (high >> right[i]) + ((high & mask) > threshold ? 1 : 0);
    const int32_t limited = steps < lowest ? lowest : steps > highest ? highest : steps;
    result[i] = static_cast<uint8_t>(limited + zero_point);
  }
}

template <typename Byte>
void centre_bytes(const Byte* __restrict from, int64_t count, int32_t zero_point, int16_t* __restrict to) {
  const auto centre = static_cast<int16_t>(zero_point);
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int16_t>(from[i] - centre);
}

void centre_all(const uint8_t* from, int64_t count, bool is_signed, int32_t zero_point, int16_t* to) {
  if (is_signed) return centre_bytes(reinterpret_cast<const int8_t*>(from), count, zero_point, to);
  centre_bytes(from, count, zero_point, to);
}

}  // namespace
}  // namespace passerelle::hostnn
