// Operations that pick, repeat and add elements along dimensions.
//
//   SPLIT, SLICE                 → STRIDED_SLICE (feature level 2)
//   STRIDED_SLICE                → DEPTHWISE_CONV_2D whose filter picks one element (feature level 1)
//   GATHER of known elements     → slices put together; else a product with a matrix of zeros and ones
//   GATHER of computed rows      → EMBEDDING_LOOKUP
//   TILE                         → broadcasting
//   PAD, PAD_V2                  → CONCATENATION with constants
//   REVERSE, MIRROR_PAD, PACK    → GATHER, CONCATENATION
//
// A product with zeros and ones is exact for numbers that are finite: where a constant of the model is not, it is not
// used.
#include <algorithm>
#include <numeric>

#include "matrix.h"
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

// --- GATHER.

/// Whether the indices are those of a smaller choice, each `times` times.
uint32_t repetitions(const std::vector<int32_t>& indices) {
  size_t times = 0;
  for (size_t begin = 0; begin < indices.size();) {
    size_t end = begin;
    while (end < indices.size() && indices[end] == indices[begin]) ++end;
    times = std::gcd(times, end - begin);
    begin = end;
  }
  return static_cast<uint32_t>(times);
}

/// Blocks of `from` elements of which each gives `to` elements, in the same way.
struct Period {
  uint32_t from;
  uint32_t to;
};

std::optional<Period> period(const std::vector<int32_t>& indices, uint32_t size) {
  const auto count = static_cast<uint32_t>(indices.size());
  for (uint32_t to = 1; to < count; ++to) {
    if (count % to != 0 || size % (count / to) != 0) continue;
    const uint32_t from = size / (count / to);
    bool holds = true;
    for (uint32_t i = 0; i < count && holds; ++i) {
      const int32_t inside = indices[i] - static_cast<int32_t>(i / to * from);
      holds = inside >= 0 && inside < static_cast<int32_t>(from) && inside == indices[i % to];
    }
    if (holds) return Period{from, to};
  }
  return std::nullopt;
}

struct Run {
  uint32_t begin;
  uint32_t count;
  uint32_t step;
};

/// Indices that count up, in as long runs as they make.
std::vector<Run> runs_of(const std::vector<int32_t>& indices) {
  std::vector<Run> runs;
  for (size_t i = 0; i < indices.size();) {
    Run run{static_cast<uint32_t>(indices[i]), 1, 1};
    if (i + 1 < indices.size() && indices[i + 1] > indices[i])
      run.step = static_cast<uint32_t>(indices[i + 1] - indices[i]);
    while (i + run.count < indices.size() &&
           indices[i + run.count] == indices[i] + static_cast<int32_t>(run.count * run.step))
      ++run.count;
    if (run.count == 2 && run.step > 1) run = {run.begin, 1, 1};  // two strangers
    if (run.count == 1) run.step = 1;
    i += run.count;
    runs.push_back(run);
  }
  return runs;
}

OperandId gather_runs(Rewriter& r, OperandId value, size_t axis, const std::vector<Run>& runs) {
  std::vector<OperandId> parts;
  for (const Run& run : runs) parts.push_back(r.slice(value, axis, run.begin, run.count, run.step));
  return r.concatenate(parts, axis);
}

OperandId gather_by_matrix(Rewriter& r, OperandId value, size_t axis, const std::vector<int32_t>& indices) {
  const uint32_t size = r.shape(value)[axis];
  std::vector<float> matrix(indices.size() * size, 0.0f);
  for (size_t i = 0; i < indices.size(); ++i) matrix[i * size + static_cast<size_t>(indices[i])] = 1;
  return product_along(r, value, axis, std::move(matrix));
}

/// The GATHER with known indices in the form that costs least; nothing where each would be too large.
std::optional<OperandId> gathered(Rewriter& r, OperandId value, size_t axis, const std::vector<int32_t>& indices) {
  const Shape shape = r.shape(value);
  if (const uint32_t times = repetitions(indices); times > 1) {
    std::vector<int32_t> single;
    for (size_t i = 0; i < indices.size(); i += times) single.push_back(indices[i]);
    const std::optional<OperandId> picked_once = gathered(r, value, axis, single);
    if (!picked_once) return std::nullopt;
    return r.repeat(*picked_once, axis, times);
  }
  if (const std::optional<Period> blocks = period(indices, shape[axis])) {
    const AroundAxis parts = around(shape, axis);
    const Shape folded{parts.outer * (parts.size / blocks->from), blocks->from, parts.inner};
    const std::optional<OperandId> result =
        gathered(r, r.reshape(value, folded), 1, {indices.begin(), indices.begin() + blocks->to});
    if (!result) return std::nullopt;
    Shape full = shape;
    full[axis] = static_cast<uint32_t>(indices.size());
    return r.reshape(*result, full);
  }
  const std::vector<Run> runs = runs_of(indices);
  const size_t most_runs = r.level() >= nnapi::introduced(Op::STRIDED_SLICE) ? 32 : 8;
  if (runs.size() <= most_runs) return gather_runs(r, value, axis, runs);
  if (!r.has_infinities() && indices.size() * shape[axis] <= largest_matrix)
    return gather_by_matrix(r, value, axis, indices);
  constexpr size_t most_slices = 512;
  if (runs.size() <= most_slices) return gather_runs(r, value, axis, runs);
  return std::nullopt;
}

/// Computed indices pick rows: what lies before the axis goes behind it for as long.
bool look_up_rows(Rewriter& r, const Operation& operation, size_t axis) {
  OperandId indices = operation.operand("indices"), value = operation.operand("input");
  if (r.shape(indices).size() != 1 && !r.is_free_input(indices)) return false;
  const AroundAxis parts = around(r.shape(value), axis);
  const auto count = static_cast<uint32_t>(graph::element_count(r.shape(indices)));
  indices = r.reshape(indices, {count});
  value = r.reshape(value, {parts.outer, parts.size, parts.inner});
  if (parts.outer > 1) value = r.transpose(value, {1, 0, 2});
  TensorType rows = r.type(value);
  rows.shape = {count, parts.outer * parts.inner};
  value = r.emit(Op::EMBEDDING_LOOKUP,
                 {{"lookups", indices}, {"values", r.reshape(value, {parts.size, parts.outer * parts.inner})}}, rows);
  if (parts.outer > 1) value = r.transpose(r.reshape(value, {count, parts.outer, parts.inner}), {1, 0, 2});
  r.replace(operation, r.reshape(value, r.shape(operation.output())));
  return true;
}

bool rewrite_gather(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!r.is_float(input)) return false;
  const size_t axis = normalised_axis(operation.integer("axis"), r.shape(input).size());
  const std::optional<std::vector<int32_t>> indices = constant_list(r.graph(), operation.operand("indices"));
  if (!indices) return look_up_rows(r, operation, axis);
  const std::optional<OperandId> result = gathered(r, input, axis, *indices);
  if (result) r.replace(operation, r.reshape(*result, r.shape(operation.output())));
  return result.has_value();
}

// --- Repeating and padding.

bool rewrite_tile(Rewriter& r, const Operation& operation) {
  const std::optional<std::vector<int32_t>> multiples = constant_list(r.graph(), operation.operand("multiples"));
  OperandId value = operation.operand("input");
  if (!multiples || !r.is_float(value)) return false;
  for (size_t axis = 0; axis < multiples->size(); ++axis) {
    const auto times = static_cast<uint32_t>((*multiples)[axis]);
    if (times == 1) continue;
    Shape tiled = r.shape(value);
    const AroundAxis parts = around(tiled, axis);
    tiled[axis] *= times;
    value = r.reshape(value, {parts.outer, 1, parts.size * parts.inner});
    value = r.broadcast(value, {parts.outer, times, parts.size * parts.inner});
    value = r.reshape(value, tiled);
  }
  r.replace(operation, value);
  return true;
}

bool pad_with_constants(Rewriter& r, const Operation& operation, float fill) {
  const std::optional<std::vector<int32_t>> paddings = constant_list(r.graph(), operation.operand("paddings"));
  OperandId value = operation.operand("input");
  if (!paddings || !r.is_float(value)) return false;
  for (size_t axis = 0; axis < paddings->size() / 2; ++axis) {
    auto block = [&](int32_t count) {
      Shape shape = r.shape(value);
      shape[axis] = static_cast<uint32_t>(count);
      return r.graph().add_constant(Constant::filled(fill, shape));
    };
    const int32_t before = (*paddings)[2 * axis], after = (*paddings)[2 * axis + 1];
    std::vector<OperandId> parts{value};
    if (before > 0) parts.insert(parts.begin(), block(before));
    if (after > 0) parts.push_back(block(after));
    value = r.concatenate(parts, axis);
  }
  r.replace(operation, value);
  return true;
}

bool rewrite_pad(Rewriter& r, const Operation& operation) { return pad_with_constants(r, operation, 0); }

bool rewrite_pad_v2(Rewriter& r, const Operation& operation) {
  const auto* fill = std::get_if<float>(&operation.argument("pad_value"));
  return fill && pad_with_constants(r, operation, *fill);
}

/// GATHER with the indices counted down.
bool rewrite_reverse(Rewriter& r, const Operation& operation) {
  const std::optional<std::vector<int32_t>> axes = constant_list(r.graph(), operation.operand("axis"));
  if (!axes) return false;
  OperandId value = operation.operand("input");
  for (int32_t axis : *axes) {
    const uint32_t at = normalised_axis(axis, r.shape(value).size());
    std::vector<int32_t> indices(r.shape(value)[at]);
    std::iota(indices.rbegin(), indices.rend(), 0);
    value = r.gather(value, at, indices);
  }
  r.replace(operation, value);
  return true;
}

/// GATHER along each dimension that is padded. Mode 0 does not repeat the element at the border, mode 1 does.
bool rewrite_mirror_pad(Rewriter& r, const Operation& operation) {
  const std::optional<std::vector<int32_t>> paddings = constant_list(r.graph(), operation.operand("paddings"));
  if (!paddings) return false;
  const int32_t repeated = operation.integer("mode");
  OperandId value = operation.operand("input");
  for (size_t axis = 0; axis < paddings->size() / 2; ++axis) {
    const int32_t before = (*paddings)[2 * axis], after = (*paddings)[2 * axis + 1];
    const auto size = static_cast<int32_t>(r.shape(value)[axis]);
    std::vector<int32_t> indices;
    for (int32_t i = -before; i < size + after; ++i) {
      const int32_t mirrored = i < 0 ? -i - repeated : 2 * (size - 1) - i + repeated;
      indices.push_back(i >= 0 && i < size ? i : mirrored);
    }
    if (before > 0 || after > 0) value = r.gather(value, axis, indices);
  }
  r.replace(operation, value);
  return true;
}

bool rewrite_pack(Rewriter& r, const Operation& operation) {
  const std::vector<OperandId> inputs = std::get<std::vector<OperandId>>(operation.argument("inputs"));
  const Shape result = r.shape(operation.output());
  const size_t axis = normalised_axis(operation.integer("axis"), result.size());
  Shape part = result;
  part[axis] = 1;
  std::vector<OperandId> parts;
  for (OperandId input : inputs) parts.push_back(r.reshape(input, part));
  r.replace(operation, r.concatenate(parts, axis));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::MIRROR_PAD, Stage::before_layout, rewrite_mirror_pad, true},
    {Op::PACK, Stage::before_layout, rewrite_pack, true},
    {Op::REVERSE, Stage::before_layout, rewrite_reverse, true},
    {Op::GATHER, Stage::after_layout, rewrite_gather},
    {Op::PAD, Stage::after_layout, rewrite_pad},
    {Op::PAD_V2, Stage::after_layout, rewrite_pad_v2},
    {Op::SLICE, Stage::after_layout, rewrite_slice, true},
    {Op::SPLIT, Stage::after_layout, rewrite_split, true},
    {Op::STRIDED_SLICE, Stage::after_layout, rewrite_strided_slice},
    {Op::TILE, Stage::after_layout, rewrite_tile},
};

}  // namespace

Span<const Rewrite> slicing_rewrites() { return rewrites; }

}  // namespace passerelle::passes
