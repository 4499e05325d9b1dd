// Operations that pick elements at regular places.
//
//   SPLIT, SLICE     → STRIDED_SLICE (feature level 2)
//   STRIDED_SLICE    → DEPTHWISE_CONV_2D whose filter picks one element (feature level 1)
//
// A product with zeros and ones is exact for numbers that are finite: where a constant of the model is not, it is not
// used.
#include <algorithm>
#include <numeric>

#include "rewriter.h"

namespace passerelle::passes {
namespace {

bool rewrite_split(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const size_t axis = normalised_axis(operation.integer("axis"), r.shape(input).size());
  uint32_t begin = 0;
  for (OperandId part : operation.outputs) {
    const uint32_t count = r.shape(part)[axis];
    r.editor().replace(part, r.slice(input, axis, begin, count));
    begin += count;
  }
  return true;
}

/// The types that STRIDED_SLICE takes below feature level 3.
bool is_sliceable(Rewriter& r, OperandId id) {
  return r.is_float(id) || r.type(id).type == OperandType::TENSOR_QUANT8_ASYMM;
}

bool rewrite_slice(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const std::optional<std::vector<int32_t>> begin = constant_list(r.graph(), operation.operand("begin"));
  if (!begin || !is_sliceable(r, input)) return false;
  const TensorType type = r.type(operation.output());
  std::vector<int32_t> end;
  for (size_t i = 0; i < begin->size(); ++i) end.push_back((*begin)[i] + static_cast<int32_t>(type.shape[i]));
  const OperandId strides = r.editor().list(std::vector<int32_t>(begin->size(), 1));
  r.replace(operation, r.emit(Op::STRIDED_SLICE,
                              {{"input", input},
                               {"begin", operation.operand("begin")},
                               {"end", r.editor().list(end)},
                               {"strides", strides},
                               {"begin_mask", 0},
                               {"end_mask", 0},
                               {"shrink_axis_mask", 0}},
                              type));
  return true;
}

/// How [outer, size, inner] lies as an image: all of `inner` as channels, where a filter of that many is short, else as
/// many of the trailing dimensions as are.
struct Image {
  Shape shape;
  size_t axis;  // of `size`

  Image(const Shape& tensor, size_t along, const AroundAxis& parts, uint32_t taps) {
    constexpr uint64_t largest = 4096;
    if (uint64_t{parts.inner} * taps <= largest) {
      shape = {1, parts.outer, parts.size, parts.inner};
      axis = 2;
      return;
    }
    uint32_t channels = 1;
    for (size_t i = tensor.size(); i-- > along + 1 && uint64_t{channels} * tensor[i] * taps <= largest;)
      channels *= tensor[i];
    shape = {parts.outer, parts.size, parts.inner / channels, channels};
    axis = 1;
  }
};

/// Elements begin, begin + step, ... of one dimension, picked by a filter that is 1 at one tap.
OperandId picked(Rewriter& r, OperandId value, size_t axis, uint32_t begin, uint32_t count, uint32_t step) {
  const TensorType type = r.type(value);
  AroundAxis parts = around(type.shape, axis);
  if (step == 1) {  // neighbours move together
    const uint32_t block = std::gcd(std::gcd(parts.size, begin), count);
    parts = {parts.outer, parts.size / block, parts.inner * block};
    begin /= block;
    count /= block;
  }
  // As short a filter as gives no more than the wanted elements.
  const int64_t surplus = int64_t{parts.size} - int64_t{count} * step;
  const auto taps = static_cast<uint32_t>(std::max<int64_t>(begin, surplus) + 1);
  const Image image(type.shape, axis, parts, taps);
  const uint32_t channels = image.shape[3];
  std::vector<float> filter(size_t{taps} * channels, 0.0f);
  std::fill_n(filter.begin() + static_cast<std::ptrdiff_t>(size_t{begin} * channels), channels, 1.0f);
  Shape filter_shape{1, 1, 1, channels};
  filter_shape[image.axis] = taps;
  TensorType output = type;
  output.shape = image.shape;
  output.shape[image.axis] = count;
  const int32_t stride = static_cast<int32_t>(step), none = 1;
  const OperandId result = r.emit(Op::DEPTHWISE_CONV_2D,
                                  {{"input", r.reshape(value, image.shape)},
                                   {"filter", r.floats(std::move(filter), filter_shape)},
                                   {"bias", r.graph().add_constant(Constant::filled(0, {channels}))},
                                   {"padding_left", 0},
                                   {"padding_right", 0},
                                   {"padding_top", 0},
                                   {"padding_bottom", 0},
                                   {"stride_width", image.axis == 2 ? stride : none},
                                   {"stride_height", image.axis == 1 ? stride : none},
                                   {"depth_multiplier", 1}},
                                  output);
  Shape shape = type.shape;
  shape[axis] = count * (shape[axis] / parts.size);
  return r.reshape(result, shape);
}

bool rewrite_strided_slice(Rewriter& r, const Operation& operation) {
  OperandId value = operation.operand("input");
  const std::optional<std::vector<int32_t>> begin = constant_list(r.graph(), operation.operand("begin"));
  const std::optional<std::vector<int32_t>> strides = constant_list(r.graph(), operation.operand("strides"));
  const Shape input = r.shape(value), output = r.shape(operation.output());
  const bool masked = operation.integer("begin_mask") != 0 || operation.integer("end_mask") != 0 ||
                      operation.integer("shrink_axis_mask") != 0;
  if (!begin || !strides || masked || !r.is_float(value) || r.has_infinities()) return false;
  for (size_t i = 0; i < input.size(); ++i)
    if ((*begin)[i] < 0 || (*strides)[i] < 1) return false;
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == output[i]) continue;
    const auto first = static_cast<uint32_t>((*begin)[i]);
    const auto step = output[i] == 1 ? 1 : static_cast<uint32_t>((*strides)[i]);
    value = picked(r, value, i, first, output[i], step);
  }
  r.replace(operation, value);
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::SLICE, Stage::after_layout, rewrite_slice, true},
    {Op::SPLIT, Stage::after_layout, rewrite_split, true},
    {Op::STRIDED_SLICE, Stage::after_layout, rewrite_strided_slice},
};

}  // namespace

Span<const Rewrite> slicing_rewrites() { return rewrites; }

}  // namespace passerelle::passes
