#include "quantized_weights.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "integers/parallel.h"

namespace passerelle::hostnn {

std::vector<int16_t> integers_of(const Tensor& tensor, int32_t zero_point) {
  const Tensor integers = tensor.to(at::kShort).sub(zero_point).contiguous();
  return {integers.data_ptr<int16_t>(), integers.data_ptr<int16_t>() + integers.numel()};
}

IntegerRows integer_rows(const Tensor& matrix, int32_t zero_point) {
  IntegerRows rows;
  rows.count = matrix.size(0);
  rows.inner = padded_to_pair(matrix.size(1));
  rows.data = integers_of(matrix, zero_point);
  if (rows.inner == matrix.size(1)) return rows;
  std::vector<int16_t> padded(rows.count * rows.inner);
  for (int64_t row = 0; row < rows.count; ++row)
    std::copy_n(rows.data.data() + row * matrix.size(1), matrix.size(1), padded.data() + row * rows.inner);
  rows.data = std::move(padded);
  return rows;
}

PackedColumns packed_columns(const Tensor& matrix, int32_t zero_point) {
  return {integers_of(matrix, zero_point).data(), matrix.size(0), matrix.size(1)};
}

OutputStage::OutputStage(const Call& call, int64_t channels, const Tensor* bias, int64_t activation) {
  const Quantization weights = call.quantization(1);
  const bool per_channel = !weights.channel_scales.empty();
  require(!per_channel || static_cast<int64_t>(weights.channel_scales.size()) == channels,
          "one scale an output channel is needed");
  const float input_scale = call.quantization(0).scale;
  for (int64_t i = 0; i < channels; ++i) {
    // As Android: the product of two scales is rounded to float32.
    const double product = input_scale * (per_channel ? weights.channel_scales[i] : weights.scale);
    const Multiplier factor = multiplier_of(product / call.output_quantization().scale);
    rescaling_.mantissas.push_back(factor.mantissa);
    rescaling_.left_shifts.push_back(std::max(factor.exponent, 0));
    rescaling_.right_shifts.push_back(std::max(-factor.exponent, 0));
  }
  const Limits limits = output_limits(call, activation);
  rescaling_.zero_point = call.output_quantization().zero_point;
  rescaling_.lowest = limits.lowest;
  rescaling_.highest = limits.highest;
  rescaling_.bias.resize(channels);
  if (bias == nullptr) return;
  require(bias->dim() == 1 && bias->size(0) == channels, "one bias an output channel is needed");
  const Tensor contiguous = bias->contiguous();
  std::copy_n(contiguous.data_ptr<int32_t>(), channels, rescaling_.bias.begin());
}

void store_product(const IntegerRows& a, const PackedColumns& b, const OutputStage& stage, uint8_t* result) {
  constexpr int64_t rows_at_once = 32;
  const int64_t least = few_products / std::max<int64_t>(b.padded_count() * b.inner(), 1) + 1;
  in_parallel(a.count, least, at::get_num_threads(), [&](int64_t begin, int64_t end) {
    std::vector<int32_t> sums(rows_at_once * b.padded_count());
    for (int64_t first = begin; first < end; first += rows_at_once) {
      const int64_t count = std::min(rows_at_once, end - first);
      multiply_rows(a.data.data() + first * a.inner, a.inner, count, b, sums.data());
      for (int64_t i = 0; i < count; ++i)
        stage.store(sums.data() + i * b.padded_count(), 0, b.count(), result + (first + i) * b.count());
    }
  });
}

}  // namespace passerelle::hostnn
