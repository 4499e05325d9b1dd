// SLICE, STRIDED_SLICE, REVERSE, and picking by index: GATHER, EMBEDDING_LOOKUP, HASHTABLE_LOOKUP, TOPK_V2.
#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace passerelle::hostnn {
namespace {

/// A size of -1 goes to the end.
Tensors slice(const Call& call) {
  Tensor values = call.tensor(0);
  const std::vector<int64_t> begin = call.integers(1);
  const std::vector<int64_t> size = call.integers(2);
  require(values.dim() > 0 && static_cast<int64_t>(begin.size()) == values.dim() && size.size() == begin.size(),
          "one begin and one size a dimension are needed");
  for (size_t axis = 0; axis < begin.size(); ++axis) {
    const int64_t length = size[axis] == -1 ? values.size(axis) - begin[axis] : size[axis];
    require(begin[axis] >= 0 && length >= 0 && begin[axis] + length <= values.size(axis),
            "a slice reaches outside of the tensor");
    values = values.narrow(axis, begin[axis], length);
  }
  return {values};
}

/// An index as Android clamps it: negative ones count from the end, and one before the first element means an end
/// before it where the stride is negative.
int64_t clamped(int64_t index, int64_t size, bool forward) {
  if (forward && index >= size) return size;
  if (!forward && index < -size) return -1;
  index = std::max(index, -size);
  if (!forward) index = std::min(index, size - 1);
  return index < 0 ? index + size : index;
}

Tensor strided(const Tensor& values, int64_t axis, int64_t begin, int64_t end, int64_t stride) {
  const int64_t distance = stride > 0 ? end - begin : begin - end;
  const int64_t step = std::abs(stride);
  const int64_t count = std::max<int64_t>(0, (distance + step - 1) / step);
  if (count == 0) return values.narrow(axis, 0, 0);
  if (stride > 0) return values.slice(axis, begin, begin + (count - 1) * step + 1, step);
  return values.slice(axis, begin - (count - 1) * step, begin + 1, step).flip(axis);
}

Tensors strided_slice(const Call& call) {
  Tensor values = call.tensor(0);
  const std::vector<int64_t> begins = call.integers(1);
  const std::vector<int64_t> ends = call.integers(2);
  const std::vector<int64_t> strides = call.integers(3);
  const int64_t begin_mask = call.integer(4);
  const int64_t end_mask = call.integer(5);
  const int64_t shrink_mask = call.integer(6);
  const size_t rank = values.dim();
  require(rank <= 4 && begins.size() == rank && ends.size() == rank && strides.size() == rank,
          "one begin, end and stride a dimension are needed, of at most 4");
  std::vector<int64_t> shape;
  for (size_t axis = 0; axis < rank; ++axis) {
    const int64_t size = values.size(axis);
    const int64_t stride = strides[axis];
    require(stride != 0, "a stride of 0");
    const bool forward = stride > 0;
    const int64_t bit = int64_t{1} << axis;
    const int64_t begin = begin_mask & bit ? (forward ? 0 : size - 1) : clamped(begins[axis], size, forward);
    const int64_t end = end_mask & bit ? (forward ? size : -1) : clamped(ends[axis], size, forward);
    values = strided(values, axis, begin, end, stride);
    if (shrink_mask & bit) {
      require(forward && values.size(axis) == 1, "an axis to shrink is not one element, taken forwards");
    } else {
      shape.push_back(values.size(axis));
    }
  }
  if (shape.empty()) shape.push_back(1);  // NNAPI has no tensors of rank 0
  return {values.reshape(shape)};
}

/// One axis, in a tensor of one element, and not counted from the end.
Tensors reverse(const Call& call) {
  const std::vector<int64_t> axes = call.integers(1);
  const Tensor& values = call.tensor(0);
  require(axes.size() == 1 && axes[0] >= 0 && axes[0] < values.dim() && values.dim() <= 8, "not an axis of the tensor");
  return {values.flip(axes)};
}

/// `indices` of any rank take the place of `axis`.
Tensor gathered(const Tensor& values, int64_t axis, const Tensor& indices) {
  std::vector<int64_t> shape = values.sizes().vec();
  const auto place = shape.erase(shape.begin() + axis);
  shape.insert(place, indices.sizes().begin(), indices.sizes().end());
  // LibTorch is slow at picking from strided tensors.
  return values.contiguous().index_select(axis, indices.reshape({-1})).reshape(shape);
}

Tensors gather(const Call& call) {
  const Tensor& values = call.tensor(0);
  return {gathered(values, call.axis(1, values.dim()), call.tensor(2))};
}

Tensors embedding_lookup(const Call& call) {
  require(call.tensor(1).dim() >= 2 && call.tensor(0).dim() == 1, "a table of rank 2 or more and a list are needed");
  return {gathered(call.tensor(1), 0, call.tensor(0))};
}

/// Keys ascend. What has no key becomes zeros, and no hit.
Tensors hashtable_lookup(const Call& call) {
  const Tensor &lookups = call.tensor(0), &keys = call.tensor(1), &values = call.tensor(2);
  require(lookups.dim() == 1 && keys.dim() == 1 && values.dim() >= 1 && keys.size(0) == values.size(0),
          "a list, a list of keys and a value a key are needed");
  const Tensor places = at::searchsorted(keys.contiguous(), lookups.contiguous()).clamp_max(keys.size(0) - 1);
  const Tensor hits = keys.index_select(0, places).eq(lookups);
  std::vector<int64_t> one_a_row(values.dim(), 1);
  one_a_row[0] = lookups.size(0);
  const Tensor found = gathered(values, 0, places);
  return {at::where(hits.reshape(one_a_row), found, at::zeros_like(found)), hits.to(at::kByte)};
}

/// Among equals Android takes the last first: hence the flips around a stable sort.
Tensors topk_v2(const Call& call) {
  const Tensor& values = call.tensor(0);
  const int64_t count = call.integer(1);
  const int64_t size = values.size(-1);
  require(count > 0 && count <= size, "k is not between 1 and the size of the last dimension");
  const auto [sorted, order] = at::sort(values.flip(-1), /*stable=*/true, -1, /*descending=*/true);
  return {sorted.narrow(-1, 0, count), (size - 1 - order.narrow(-1, 0, count)).to(at::kInt)};
}

constexpr Row rows[] = {
    {OperationType::EMBEDDING_LOOKUP, embedding_lookup, float32 | int32 | quant8},
    {OperationType::GATHER, gather, float32 | int32 | quant8},
    {OperationType::HASHTABLE_LOOKUP, hashtable_lookup, float32 | int32 | quant8},
    {OperationType::REVERSE, reverse, float32 | int32 | quant8},
    {OperationType::SLICE, slice, float32 | int32 | quant8 | zero_sized},
    {OperationType::STRIDED_SLICE, strided_slice, float32 | int32 | quant8},
    {OperationType::TOPK_V2, topk_v2, float32 | int32 | quant8},
};

}  // namespace

Span<const Row> slicing_rows() { return rows; }

}  // namespace passerelle::hostnn
