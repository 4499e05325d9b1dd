// Operations that pick elements at any places.
//
//   GATHER of known elements     → slices put together; else a product with a matrix of zeros and ones
//   GATHER of computed rows      → EMBEDDING_LOOKUP
//   REVERSE, MIRROR_PAD          → GATHER
//
// A product with zeros and ones is exact for numbers that are finite: where a constant of the model is not, it is not
// used.
#include <algorithm>
#include <numeric>

#include "matrix.h"
#include "rewriter.h"

namespace passerelle::passes {
namespace {

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

constexpr Rewrite rewrites[] = {
    {Op::MIRROR_PAD, Stage::before_layout, rewrite_mirror_pad, true},
    {Op::REVERSE, Stage::before_layout, rewrite_reverse, true},
    {Op::GATHER, Stage::after_layout, rewrite_gather},
};

}  // namespace

Span<const Rewrite> gathering_rewrites() { return rewrites; }

}  // namespace passerelle::passes
