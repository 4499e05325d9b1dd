// TRANSPOSE below feature level 2, and operations that are one.
//
// Any permutation is a sequence of swaps of neighbouring blocks (block_swaps.h), [outer, a, b, inner] →
// [outer, b, a, inner].
// SPACE_TO_DEPTH moves (a, w, a, c) to (w, a, a, c), and DEPTH_TO_SPACE (w, b, b, c) to (b, w, b, c): so they swap
// where the inner block can be divided by one of the two, and where it can't, elements are first repeated as often.
#include <algorithm>

#include "block_swaps.h"
#include "matrix.h"
#include "rewriter.h"

namespace passerelle::passes {
namespace {

/// (w, b, b, c) → (b, w, b, c), where b divides `inner`.
OperandId swap_by_depth_to_space(Rewriter& r, OperandId value, const BlockSwap& s) {
  TensorType output = r.type(value);
  output.shape = {s.outer, s.b, s.a * s.b, s.inner / s.b};
  value = r.reshape(value, {s.outer, 1, s.a, s.b * s.inner});
  return r.emit(Op::DEPTH_TO_SPACE, {{"input", value}, {"block_size", static_cast<int32_t>(s.b)}}, output);
}

/// (a, w, a, c) → (w, a, a, c), where a divides `inner`.
OperandId swap_by_space_to_depth(Rewriter& r, OperandId value, const BlockSwap& s) {
  TensorType output = r.type(value);
  output.shape = {s.outer, 1, s.b, s.a * s.inner};
  value = r.reshape(value, {s.outer, s.a, s.b * s.a, s.inner / s.a});
  return r.emit(Op::SPACE_TO_DEPTH, {{"input", value}, {"block_size", static_cast<int32_t>(s.a)}}, output);
}

/// One row of [outer, a, b, inner] after another, put together anew.
OperandId swap_by_slices(Rewriter& r, OperandId value, const BlockSwap& s) {
  value = r.reshape(value, {s.outer, s.a, s.b, s.inner});
  std::vector<OperandId> parts;
  const bool along_a = s.a <= s.b;
  for (uint32_t i = 0; i < std::min(s.a, s.b); ++i) {
    const OperandId part = r.slice(value, along_a ? 1 : 2, i, 1);
    parts.push_back(r.reshape(part, along_a ? Shape{s.outer * s.b, 1, s.inner} : Shape{s.outer, 1, s.a * s.inner}));
  }
  return r.concatenate(parts, 1);
}

OperandId swap_by_matrix(Rewriter& r, OperandId value, const BlockSwap& s) {
  const size_t size = size_t{s.a} * s.b * s.inner;
  std::vector<float> matrix(size * size, 0.0f);
  for (size_t a = 0; a < s.a; ++a)
    for (size_t b = 0; b < s.b; ++b)
      for (size_t i = 0; i < s.inner; ++i)
        matrix[((b * s.a + a) * s.inner + i) * size + (a * s.b + b) * s.inner + i] = 1;
  return product_along(r, r.reshape(value, {s.outer, static_cast<uint32_t>(size)}), 1, std::move(matrix));
}

/// Each element as often as one of the blocks is long, then one of each.
OperandId swap_by_repetition(Rewriter& r, OperandId value, const BlockSwap& s) {
  const uint32_t times = std::min(s.a, s.b);
  const BlockSwap repeated{s.outer, s.a, s.b, s.inner * times};
  const uint32_t rows = s.outer * s.a * s.b;
  value = r.repeat(r.reshape(value, {rows, s.inner}), 1, times);
  value = s.b == times ? swap_by_depth_to_space(r, value, repeated) : swap_by_space_to_depth(r, value, repeated);
  return r.pool(Op::MAX_POOL_2D, r.reshape(value, {1, rows, s.inner * times, 1}), 1, times);
}

/// [outer, a, b, inner] → [outer, b, a, inner]; nothing where all ways are too long.
std::optional<OperandId> swapped(Rewriter& r, OperandId value, const BlockSwap& s) {
  const size_t row = size_t{s.a} * s.b * s.inner;
  const uint32_t shorter = std::min(s.a, s.b);
  constexpr size_t small_row = 512, most_elements = size_t{1} << 24;
  constexpr uint32_t few = 4;
  if (s.inner % s.b == 0) return swap_by_depth_to_space(r, value, s);
  if (s.inner % s.a == 0) return swap_by_space_to_depth(r, value, s);
  const bool may_multiply = !r.has_infinities();
  if (may_multiply && row <= small_row) return swap_by_matrix(r, value, s);
  if (shorter <= few) return swap_by_slices(r, value, s);
  if (row * s.outer * shorter <= most_elements) return swap_by_repetition(r, value, s);
  if (may_multiply && row * row <= largest_matrix) return swap_by_matrix(r, value, s);
  return std::nullopt;
}

bool rewrite_transpose(Rewriter& r, const Operation& operation) {
  const std::optional<Permutation> permutation = constant_permutation(r.graph(), operation);
  OperandId value = operation.operand("input");
  if (!permutation || !r.is_float(value)) return false;
  for (const BlockSwap& swap : block_swaps(r.shape(value), *permutation)) {
    const std::optional<OperandId> next = swapped(r, value, swap);
    if (!next) return false;
    value = *next;
  }
  r.replace(operation, r.reshape(value, r.shape(operation.output())));
  return true;
}

/// (groups, channels / groups) → (channels / groups, groups)
bool rewrite_channel_shuffle(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const Shape shape = r.shape(input);
  const AroundAxis parts = around(shape, normalised_axis(operation.integer("axis"), shape.size()));
  const auto groups = static_cast<uint32_t>(operation.integer("num_groups"));
  const OperandId split = r.reshape(input, {parts.outer, groups, parts.size / groups, parts.inner});
  r.replace(operation, r.reshape(r.transpose(split, {0, 2, 1, 3}), shape));
  return true;
}

struct BlockSizes {
  uint32_t height;
  uint32_t width;
};

std::optional<BlockSizes> block_sizes(Rewriter& r, const Operation& operation) {
  const std::optional<std::vector<int32_t>> sizes = constant_list(r.graph(), operation.operand("block_sizes"));
  if (!sizes || operation.boolean("nchw") || !r.is_float(operation.output())) return std::nullopt;
  return BlockSizes{static_cast<uint32_t>((*sizes)[0]), static_cast<uint32_t>((*sizes)[1])};
}

/// (n, h, block, w, block, c) → (block, block, n, h, w, c), after padding.
bool rewrite_space_to_batch(Rewriter& r, const Operation& operation) {
  const std::optional<BlockSizes> block = block_sizes(r, operation);
  const std::optional<std::vector<int32_t>> paddings = constant_list(r.graph(), operation.operand("paddings"));
  if (!block || !paddings) return false;
  OperandId value = operation.operand("input");
  std::vector<int32_t> rows{0, 0};
  rows.insert(rows.end(), paddings->begin(), paddings->end());
  rows.insert(rows.end(), {0, 0});
  TensorType padded = r.type(value);
  padded.shape[1] += static_cast<uint32_t>(rows[2] + rows[3]);
  padded.shape[2] += static_cast<uint32_t>(rows[4] + rows[5]);
  if (padded.shape != r.shape(value))
    value =
        r.emit(Op::PAD, {{"input", value}, {"paddings", r.graph().add_constant(Constant::from(rows, {4, 2}))}}, padded);
  const Shape& p = padded.shape;
  const uint32_t height = p[1] / block->height, width = p[2] / block->width;
  value = r.transpose(r.reshape(value, {p[0] * height * block->height, width, block->width, p[3]}), {0, 2, 1, 3});
  value = r.transpose(r.reshape(value, {p[0] * height, block->height * block->width, width * p[3], 1}), {1, 0, 2, 3});
  r.replace(operation, r.reshape(value, r.shape(operation.output())));
  return true;
}

/// (block, block, n, h, w, c) → (n, h, block, w, block, c)
bool rewrite_batch_to_space(Rewriter& r, const Operation& operation) {
  const std::optional<BlockSizes> block = block_sizes(r, operation);
  if (!block) return false;
  OperandId value = operation.operand("input");
  const Shape s = r.shape(value);
  const uint32_t blocks = block->height * block->width, batches = s[0] / blocks;
  value = r.transpose(r.reshape(value, {blocks, batches * s[1], s[2] * s[3], 1}), {1, 0, 2, 3});
  value = r.transpose(r.reshape(value, {batches * s[1] * block->height, block->width, s[2], s[3]}), {0, 2, 1, 3});
  r.replace(operation, r.reshape(value, r.shape(operation.output())));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::BATCH_TO_SPACE_ND, Stage::after_layout, rewrite_batch_to_space},
    {Op::CHANNEL_SHUFFLE, Stage::after_layout, rewrite_channel_shuffle, true},
    {Op::SPACE_TO_BATCH_ND, Stage::after_layout, rewrite_space_to_batch},
    {Op::TRANSPOSE, Stage::after_layout, rewrite_transpose},
};

}  // namespace

Span<const Rewrite> transposition_rewrites() { return rewrites; }

}  // namespace passerelle::passes
