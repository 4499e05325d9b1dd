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

OperandId gather_taps(Context& c, OperandId value, uint32_t axis, const Resampling& resampling) {
  TensorType output = c.type(value);
  const auto count = static_cast<uint32_t>(resampling.indices.size());
  if (output.shape[axis] == count && counts_up(resampling.indices)) return value;
  output.shape[axis] = count;
  const OperandId indices = c.constant_operand(Constant::list(resampling.indices));
  return c.emit(Op::GATHER, {{"input", value}, {"axis", static_cast<int32_t>(axis)}, {"indices", indices}}, output);
}

OperandId resample(Context& c, OperandId nhwc, uint32_t axis, const Resampling& resampling) {
  const auto taps = static_cast<int32_t>(resampling.taps);
  OperandId result = gather_taps(c, nhwc, axis, resampling);
  if (!all_one(resampling.weights)) {
    // The pool that follows divides by the number of taps.
    std::vector<float> weights = resampling.weights;
    for (float& weight : weights) weight *= static_cast<float>(taps);
    Shape shape(4, 1);
    shape[axis] = static_cast<uint32_t>(weights.size());
    result = c.binary(Op::MUL, result, c.constant_operand(Constant::from(std::move(weights), shape)));
  }
  if (taps == 1) return result;
  TensorType output = c.type(result);
  output.shape[axis] = resampling.output_size();
  const int32_t height = axis == nhwc_height ? taps : 1, width = axis == nhwc_width ? taps : 1;
  return c.emit(Op::AVERAGE_POOL_2D,
                {{"input", result},
                 {"padding_left", 0},
                 {"padding_right", 0},
                 {"padding_top", 0},
                 {"padding_bottom", 0},
                 {"stride_width", width},
                 {"stride_height", height},
                 {"filter_width", width},
                 {"filter_height", height}},
                output);
}

}  // namespace passerelle::lowering
