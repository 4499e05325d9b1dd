// Operations that move elements as wholes: shapes, permutations, joining and splitting.
#include <numeric>

#include "kernel.h"

namespace passerelle::hostnn {
namespace {

/// A shape with one -1 in it: LibTorch resolves that as NNAPI does.
Tensors reshape(const Call& call) { return {call.tensor(0).reshape(call.integers(1))}; }

Tensors squeeze(const Call& call) {
  const Tensor& values = call.tensor(0);
  require(values.dim() <= 4, "a tensor of rank over 4");
  std::vector<bool> drop(values.dim());
  if (call.has(1)) {
    for (int64_t axis : call.integers(1)) {
      axis = checked_axis(axis, values.dim());
      require(values.size(axis) == 1, "an axis to squeeze is not of size 1");
      drop[axis] = true;
    }
  } else {
    for (int64_t axis = 0; axis < values.dim(); ++axis) drop[axis] = values.size(axis) == 1;
  }
  std::vector<int64_t> shape;
  for (int64_t axis = 0; axis < values.dim(); ++axis)
    if (!drop[axis]) shape.push_back(values.size(axis));
  if (shape.empty()) shape.push_back(1);  // NNAPI has no tensors of rank 0
  return {values.reshape(shape)};
}

Tensors expand_dims(const Call& call) {
  const Tensor& values = call.tensor(0);
  return {values.unsqueeze(call.axis(1, values.dim() + 1))};
}

/// Without a permutation, which only matrices may leave out, dimensions are reversed.
Tensors transpose(const Call& call) {
  const Tensor& values = call.tensor(0);
  if (!call.has(1)) {
    require(values.dim() == 2, "only a matrix may be transposed without a permutation");
    return {values.t()};
  }
  require(values.dim() <= 4, "a tensor of rank over 4");
  return {values.permute(call.integers(1))};
}

/// A scalar.
Tensors rank(const Call& call) { return {at::scalar_tensor(call.tensor(0).dim(), at::kInt)}; }

Tensors concatenation(const Call& call) {
  std::vector<Tensor> parts;
  const size_t count = call.size() - 1;
  for (size_t i = 0; i < count; ++i) parts.push_back(call.tensor(i));
  const int64_t axis = call.integer(count);
  require(axis >= 0 && axis < parts[0].dim(), "the axis is not one of the tensors'");
  return {at::cat(parts, axis)};
}

/// The axis comes first.
Tensors pack(const Call& call) {
  std::vector<Tensor> parts;
  for (size_t i = 1; i < call.size(); ++i) parts.push_back(call.tensor(i));
  const int64_t axis = call.integer(0);
  require(axis >= 0 && axis <= parts[0].dim(), "the axis is not one of the result's");
  return {at::stack(parts, axis)};
}

Tensors split(const Call& call) {
  const Tensor& values = call.tensor(0);
  const int64_t axis = call.axis(1, values.dim());
  const int64_t count = call.integer(2);
  require(count > 0 && static_cast<size_t>(count) == call.output_count(), "the count is not that of the outputs");
  require(values.size(axis) % count == 0, "the axis can't be divided evenly");
  return values.split(values.size(axis) / count, axis);
}

Tensors tile(const Call& call) {
  const std::vector<int64_t> multiples = call.integers(1);
  require(static_cast<int64_t>(multiples.size()) == call.tensor(0).dim(), "one multiple a dimension is needed");
  return {call.tensor(0).repeat(multiples)};
}

Tensors fill(const Call& call) {
  const std::vector<int64_t> shape = call.integers(0);
  for (int64_t size : shape) require(size >= 0, "a negative dimension");
  if (call.is(1, OperandType::INT32)) return {at::full(shape, call.integer(1), at::kInt)};
  return {at::full(shape, call.real(1), at::kFloat)};
}

constexpr Row rows[] = {
    {OperationType::CONCATENATION, concatenation, float32 | zero_sized},
    {OperationType::EXPAND_DIMS, expand_dims, float32 | int32 | quant8},
    {OperationType::FILL, fill, float32 | int32},
    {OperationType::PACK, pack, float32 | int32 | quant8},
    {OperationType::RANK, rank, float32 | int32 | bool8 | quant8 | weights8 | quant16},
    {OperationType::RESHAPE, reshape, float32 | int32 | quant8},
    {OperationType::SPLIT, split, float32 | int32 | quant8},
    {OperationType::SQUEEZE, squeeze, float32 | int32 | quant8},
    {OperationType::TILE, tile, float32 | int32 | quant8},
    {OperationType::TRANSPOSE, transpose, float32 | int32 | quant8 | zero_sized},
};

}  // namespace

Span<const Row> shape_rows() { return rows; }

}  // namespace passerelle::hostnn
