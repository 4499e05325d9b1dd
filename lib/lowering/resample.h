// Any resampling of an image along one axis whose taps are known: each output element is a weighted sum of a few input
// elements. It says exactly what no RESIZE or POOL can: a given scale, cubic weights, windows of unequal size.
#pragma once

#include <cstdint>
#include <vector>

#include "context.h"

namespace passerelle::lowering {

/// Output element i reads inputs indices[i*taps] .. indices[i*taps + taps-1], with the weights at the same positions.
struct Resampling {
  uint32_t taps = 1;
  std::vector<int32_t> indices;
  std::vector<float> weights;

  uint32_t output_size() const { return static_cast<uint32_t>(indices.size()) / taps; }
  /// Whether it copies an axis of `input_size` elements.
  bool is_identity(uint32_t input_size) const;
};

/// The elements that are read, in order, side by side: a GATHER, or nothing for the identity.
Value gather_taps(Context& c, Value value, uint32_t axis, const Resampling& resampling);

/// The weighted sums along `axis` (height or width) of an NHWC image: GATHER, MUL, AVERAGE_POOL_2D.
Value resample(Context& c, Value nhwc, uint32_t axis, const Resampling& resampling);

}  // namespace passerelle::lowering
