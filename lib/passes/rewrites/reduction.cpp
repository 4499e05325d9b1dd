// Reductions: sums by MEAN, means and extremes by pools, products by halves.
#include <algorithm>

#include "rewriter.h"

namespace passerelle::passes {
namespace {

/// Neighbouring dimensions that are reduced, first .. last.
struct ReducedRun {
  size_t first;
  size_t last;
};

/// From the last to the first; nothing where the axes aren't known.
std::optional<std::vector<ReducedRun>> reduced_runs(Rewriter& r, const Operation& operation) {
  const std::optional<std::vector<int32_t>> axes = constant_list(r.graph(), operation.operand("axes"));
  if (!axes) return std::nullopt;
  const Shape shape = r.shape(operation.operand("input"));
  std::vector<bool> reduced(shape.size(), false);
  for (int32_t axis : *axes) reduced[normalised_axis(axis, shape.size())] = true;
  std::vector<ReducedRun> runs;
  for (size_t i = shape.size(); i-- > 0;) {
    if (!reduced[i]) continue;
    if (!runs.empty() && runs.back().first == i + 1)
      runs.back().first = i;
    else
      runs.push_back({i, i});
  }
  return runs;
}

/// Applies `reduce(value, outer, size, inner)`, which gives [outer, inner], to one run after another.
template <typename Reduce>
bool reduce_runs(Rewriter& r, const Operation& operation, Reduce&& reduce) {
  OperandId value = operation.operand("input");
  const std::optional<std::vector<ReducedRun>> runs = reduced_runs(r, operation);
  if (!runs || !r.is_float(value)) return false;
  Shape shape = r.shape(value);
  for (const ReducedRun& run : *runs) {
    AroundAxis parts = around(shape, run.last);
    for (size_t i = run.first; i < run.last; ++i) {
      parts.size *= shape[i];
      parts.outer /= shape[i];
    }
    if (parts.size > 1) value = reduce(value, parts);
    for (size_t i = run.first; i <= run.last; ++i) shape[i] = 1;
  }
  r.replace(operation, r.reshape(value, r.shape(operation.output())));
  return true;
}

/// One window over the whole run.
OperandId pooled(Rewriter& r, OperandId value, const AroundAxis& parts, OperationType pool) {
  const Shape shape = r.shape(value);
  const bool is_image = shape.size() == 4 && shape[0] == parts.outer && shape[3] == parts.inner;
  if (is_image) return r.pool(pool, value, shape[1], shape[2]);
  return r.pool(pool, r.reshape(value, {1, parts.outer, parts.size, parts.inner}), 1, parts.size);
}

bool rewrite_mean(Rewriter& r, const Operation& operation) {
  return reduce_runs(r, operation, [&](OperandId value, const AroundAxis& parts) {
    return pooled(r, value, parts, Op::AVERAGE_POOL_2D);
  });
}

bool rewrite_max(Rewriter& r, const Operation& operation) {
  return reduce_runs(
      r, operation, [&](OperandId value, const AroundAxis& parts) { return pooled(r, value, parts, Op::MAX_POOL_2D); });
}

/// -max(-x)
bool rewrite_min(Rewriter& r, const Operation& operation) {
  return reduce_runs(r, operation, [&](OperandId value, const AroundAxis& parts) {
    return r.negated(pooled(r, r.negated(value), parts, Op::MAX_POOL_2D));
  });
}

/// The first half times the second, until one element is left.
bool rewrite_product(Rewriter& r, const Operation& operation) {
  return reduce_runs(r, operation, [&](OperandId value, const AroundAxis& parts) {
    value = r.reshape(value, {parts.outer, parts.size, parts.inner});
    std::optional<OperandId> odd;
    for (uint32_t size = parts.size; size > 1; size /= 2) {
      if (size % 2 == 1) {
        const OperandId last = r.slice(value, 1, size - 1, 1);
        odd = odd ? r.binary(Op::MUL, *odd, last) : last;
      }
      const OperandId first = r.slice(value, 1, 0, size / 2);
      value = r.binary(Op::MUL, first, r.slice(value, 1, size / 2, size / 2));
    }
    return odd ? r.binary(Op::MUL, value, *odd) : value;
  });
}

/// The mean times the number of elements.
bool rewrite_sum(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!r.is_float(input)) return false;
  const TensorType type = r.type(operation.output());
  const auto count = graph::element_count(r.shape(input)) / std::max<size_t>(1, graph::element_count(type.shape));
  const int32_t keep = operation.boolean("keep_dims") ? 1 : 0;
  const OperandId mean =
      r.emit(Op::MEAN, {{"input", input}, {"axes", operation.operand("axes")}, {"keep_dims", keep}}, type);
  r.replace(operation, r.binary(Op::MUL, mean, static_cast<float>(count)));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::REDUCE_SUM, Stage::before_layout, rewrite_sum},     {Op::MEAN, Stage::after_layout, rewrite_mean},
    {Op::REDUCE_MAX, Stage::after_layout, rewrite_max},      {Op::REDUCE_MIN, Stage::after_layout, rewrite_min},
    {Op::REDUCE_PROD, Stage::after_layout, rewrite_product},
};

}  // namespace

Span<const Rewrite> reduction_rewrites() { return rewrites; }

}  // namespace passerelle::passes
