#include "resample.h"

#include <algorithm>

#include "image.h"

namespace passerelle::lowering {
namespace {

bool counts_up(const std::vector<int32_t>& indices) {
  for (size_t i = 0; i < indices.size(); ++i)
    if (indices[i] != static_cast<int32_t>(i)) return false;
  return true;
}

bool all_one(const std::vector<float>& weights) {
  return std::all_of(weights.begin(), weights.end(), [](float weight) { return weight == 1.0f; });
}

}  // namespace

bool Resampling::is_identity(uint32_t input_size) const {
  return taps == 1 && indices.size() == input_size && counts_up(indices) && all_one(weights);
}

Value gather_taps(Context& c, Value value, uint32_t axis, const Resampling& resampling) {
  return gather(value, axis, resampling.indices);
}

Value resample(Context& c, Value nhwc, uint32_t axis, const Resampling& resampling) {
  const auto taps = static_cast<int32_t>(resampling.taps);
  Value result = gather_taps(c, nhwc, axis, resampling);
  if (!all_one(resampling.weights)) {
    // The pool that follows divides by the number of taps.
    std::vector<float> weights = resampling.weights;
    for (float& weight : weights) weight *= static_cast<float>(taps);
    Shape shape(4, 1);
    shape[axis] = static_cast<uint32_t>(weights.size());
    result = result * c.constant_operand(Constant::from(std::move(weights), shape));
  }
  if (taps == 1) return result;
  const int32_t height = axis == nhwc_height ? taps : 1, width = axis == nhwc_width ? taps : 1;
  return pool(Op::AVERAGE_POOL_2D, result, {height, height}, {width, width});
}

}  // namespace passerelle::lowering
