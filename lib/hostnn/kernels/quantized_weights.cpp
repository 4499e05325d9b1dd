#include "kernels/quantized_weights.h"

#include <algorithm>

namespace passerelle::hostnn {

IntegerRows integer_rows(const Tensor& matrix, int32_t zero_point) {
  IntegerRows rows;
  rows.count = matrix.size(0);
  rows.inner = padded_to_block(matrix.size(1));
  rows.data.resize(rows.count * rows.inner);
  const Tensor integers = matrix.to(at::kShort).sub(zero_point).contiguous();
  const int16_t* data = integers.data_ptr<int16_t>();
  for (int64_t row = 0; row < rows.count; ++row)
    std::copy_n(data + row * matrix.size(1), matrix.size(1), rows.data.data() + row * rows.inner);
  return rows;
}

OutputStage::OutputStage(const Call& call, int64_t channels, const Tensor* bias, int64_t activation)
    : factors_(channels),
      bias_(channels),
      zero_point_(call.output_quantization().zero_point),
      limits_(output_limits(call, activation)) {
  const Quantization weights = call.quantization(1);
  const bool per_channel = !weights.channel_scales.empty();
  require(!per_channel || static_cast<int64_t>(weights.channel_scales.size()) == channels,
          "one scale an output channel is needed");
  const float input_scale = call.quantization(0).scale;
  for (int64_t i = 0; i < channels; ++i) {
    // As Android: the product of two scales is rounded to float32.
    const double product = input_scale * (per_channel ? weights.channel_scales[i] : weights.scale);
    factors_[i] = multiplier_of(product / call.output_quantization().scale);
  }
  if (bias == nullptr) return;
  require(bias->dim() == 1 && bias->size(0) == channels, "one bias an output channel is needed");
  const Tensor contiguous = bias->contiguous();
  std::copy_n(contiguous.data_ptr<int32_t>(), channels, bias_.begin());
}

void OutputStage::store(const int32_t* sums, int64_t first, int64_t count, uint8_t* result) const {
  for (int64_t i = 0; i < count; ++i) {
    const auto sum = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + static_cast<uint32_t>(bias_[first + i]));
    const int64_t integer = int64_t{multiply(sum, factors_[first + i])} + zero_point_;
    result[i] = static_cast<uint8_t>(std::clamp<int64_t>(integer, limits_.lowest, limits_.highest));
  }
}

}  // namespace passerelle::hostnn
