// MEAN, REDUCE_*, ARGMAX, ARGMIN.
#include "reduction.h"

#include <set>

namespace passerelle::hostnn {

Tensor at_least_rank_1(const Tensor& values) { return values.dim() == 0 ? values.reshape({1}) : values; }

std::vector<int64_t> read_axes(const Call& call) {
  std::set<int64_t> axes;
  for (int64_t axis : call.integers(1)) axes.insert(checked_axis(axis, call.tensor(0).dim()));
  return {axes.begin(), axes.end()};
}

namespace {

using Reduction = Tensor (*)(const Tensor& values, const std::vector<int64_t>& axes, bool keep);

Tensors reduce(const Call& call, bool keep, Reduction reduction) {
  const std::vector<int64_t> axes = read_axes(call);
  // LibTorch takes no axes at all for all of them.
  if (axes.empty()) return {call.tensor(0)};
  return {at_least_rank_1(reduction(call.tensor(0), axes, keep))};
}

/// For reductions that LibTorch does along one axis at a time; from the last, so that the others keep their places.
template <typename OneAxis>
Tensor one_by_one(Tensor values, const std::vector<int64_t>& axes, OneAxis&& reduction) {
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) values = reduction(values, *axis);
  return values;
}

Tensor mean_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) { return values.mean(axes, keep); }
Tensor sum_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) { return values.sum(axes, keep); }
Tensor max_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) { return values.amax(axes, keep); }
Tensor min_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) { return values.amin(axes, keep); }
Tensor prod_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) {
  return one_by_one(values, axes, [keep](const Tensor& t, int64_t axis) { return t.prod(axis, keep); });
}
Tensor all_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) {
  return one_by_one(values, axes, [keep](const Tensor& t, int64_t axis) { return t.all(axis, keep); });
}
Tensor any_of(const Tensor& values, const std::vector<int64_t>& axes, bool keep) {
  return one_by_one(values, axes, [keep](const Tensor& t, int64_t axis) { return t.any(axis, keep); });
}

Tensors mean(const Call& call) { return reduce(call, call.integer(2) > 0, mean_of); }
Tensors reduce_all(const Call& call) { return reduce(call, call.boolean(2), all_of); }
Tensors reduce_any(const Call& call) { return reduce(call, call.boolean(2), any_of); }
Tensors reduce_max(const Call& call) { return reduce(call, call.boolean(2), max_of); }
Tensors reduce_min(const Call& call) { return reduce(call, call.boolean(2), min_of); }
Tensors reduce_prod(const Call& call) { return reduce(call, call.boolean(2), prod_of); }
Tensors reduce_sum(const Call& call) { return reduce(call, call.boolean(2), sum_of); }

Tensors argmax(const Call& call) {
  const Tensor& values = call.tensor(0);
  return {at_least_rank_1(values.argmax(call.axis(1, values.dim())).to(at::kInt))};
}

Tensors argmin(const Call& call) {
  const Tensor& values = call.tensor(0);
  return {at_least_rank_1(values.argmin(call.axis(1, values.dim())).to(at::kInt))};
}

constexpr Row rows[] = {
    {OperationType::ARGMAX, argmax, float32 | int32 | quant8},
    {OperationType::ARGMIN, argmin, float32 | int32 | quant8},
    {OperationType::MEAN, mean, float32 | int32},
    {OperationType::REDUCE_ALL, reduce_all, bool8 | int32},
    {OperationType::REDUCE_ANY, reduce_any, bool8 | int32},
    {OperationType::REDUCE_MAX, reduce_max, float32 | int32 | quant8},
    {OperationType::REDUCE_MIN, reduce_min, float32 | int32 | quant8},
    {OperationType::REDUCE_PROD, reduce_prod, float32 | int32},
    {OperationType::REDUCE_SUM, reduce_sum, float32 | int32},
};

}  // namespace

Span<const Row> reduction_rows() { return rows; }

}  // namespace passerelle::hostnn
