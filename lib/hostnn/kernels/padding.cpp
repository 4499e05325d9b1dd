// PAD, PAD_V2, MIRROR_PAD.
#include "kernel.h"

namespace passerelle::hostnn {
namespace {

/// [rank, 2]: how many elements come before and after, a row a dimension. None is negative.
std::vector<int64_t> read_paddings(const Call& call) {
  const Tensor& paddings = call.tensor(1);
  require(paddings.dim() == 2 && paddings.size(0) == call.tensor(0).dim() && paddings.size(1) == 2,
          "paddings must have the shape [rank, 2]");
  std::vector<int64_t> values = call.integers(1);
  for (int64_t value : values) require(value >= 0, "padding is negative");
  return values;
}

Tensors constant_pad(const Call& call, double value) {
  const std::vector<int64_t> paddings = read_paddings(call);
  // LibTorch begins with the last dimension.
  std::vector<int64_t> reversed;
  for (size_t row = paddings.size() / 2; row-- > 0;) {
    reversed.push_back(paddings[2 * row]);
    reversed.push_back(paddings[2 * row + 1]);
  }
  return {at::constant_pad_nd(call.tensor(0), reversed, value)};
}

/// A quantized 0 is the zero point.
Tensors pad(const Call& call) { return constant_pad(call, call.quantization(0).zero_point); }

Tensors pad_v2(const Call& call) {
  return constant_pad(call, call.is(2, OperandType::INT32) ? static_cast<double>(call.integer(2)) : call.real(2));
}

constexpr int64_t reflect = 0;    // the border element is not repeated
constexpr int64_t symmetric = 1;  // it is

Tensors mirror_pad(const Call& call) {
  const std::vector<int64_t> paddings = read_paddings(call);
  const int64_t mode = call.integer(2);
  require(mode == reflect || mode == symmetric, "the mode is neither REFLECT nor SYMMETRIC");
  Tensor values = call.tensor(0).contiguous();
  for (int64_t axis = 0; axis < values.dim(); ++axis) {
    const int64_t before = paddings[2 * axis];
    const int64_t after = paddings[2 * axis + 1];
    const int64_t size = values.size(axis);
    const int64_t most = mode == reflect ? size - 1 : size;
    require(before <= most && after <= most, "padding is larger than what there is to mirror");
    std::vector<int64_t> indices;
    for (int64_t i = -before; i < size + after; ++i) {
      const int64_t past_begin = mode == reflect ? -i : -i - 1;
      const int64_t past_end = mode == reflect ? 2 * size - 2 - i : 2 * size - 1 - i;
      indices.push_back(i < 0 ? past_begin : i >= size ? past_end : i);
    }
    if (before + after > 0) values = values.index_select(axis, at::tensor(indices, at::kLong));
  }
  return {values};
}

constexpr Row rows[] = {
    {OperationType::MIRROR_PAD, mirror_pad, float32 | int32 | quant8},
    {OperationType::PAD, pad, float32 | int32 | quant8},
    {OperationType::PAD_V2, pad_v2, float32 | int32 | quant8},
};

}  // namespace

Span<const Row> padding_rows() { return rows; }

}  // namespace passerelle::hostnn
