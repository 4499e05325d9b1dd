#include "indices.h"

#include <algorithm>
#include <vector>

#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

/// Known indices as a constant operand, counted from the front.
OperandId index_operand(Context& context, const std::vector<int64_t>& indices, const Shape& shape, int64_t size) {
  std::vector<int32_t> counted;
  for (int64_t index : indices) counted.push_back(static_cast<int32_t>(index < 0 ? index + size : index));
  return context.constant_operand(Constant::from(counted, shape));
}

struct Index {
  uint32_t dimension;
  OperandId places;  ///< TENSOR_INT32, 0 or more
};

/// The places where a known mask is true, one index for each of its dimensions.
void add_mask(Context& context, std::vector<Index>& indices, uint32_t dimension, const Constant& mask) {
  std::vector<int64_t> truths = mask.integers();
  std::vector<std::vector<int32_t>> places(mask.shape().size());
  for (size_t flat = 0; flat < truths.size(); ++flat) {
    if (truths[flat] == 0) continue;
    size_t rest = flat;
    for (size_t i = mask.shape().size(); i-- > 0; rest /= mask.shape()[i])
      places[i].push_back(static_cast<int32_t>(rest % mask.shape()[i]));
  }
  if (places.empty() || places.front().empty())
    context.refuse(Reason::argument, "its mask picks nothing: NNAPI does not compute with empty tensors");
  for (size_t i = 0; i < places.size(); ++i)
    indices.push_back({dimension + static_cast<uint32_t>(i), context.constant_operand(Constant::list(places[i]))});
}

std::vector<Index> index_tensors(Context& context, Shape shape) {
  std::vector<Index> indices;
  const trace::Value* argument = nullptr;
  for (const auto& [name, value] : context.node().arguments)
    if (name == "indices") argument = &value;
  check(argument && argument->list(), "index has a list of indices");
  uint32_t dimension = 0;
  for (const trace::Value& element : *argument->list()) {
    const trace::TensorId* id = element.tensor();
    if (!id) {
      ++dimension;
      continue;
    }
    const trace::Tensor& info = context.info(*id);
    if (info.type == graph::ElementType::bool8 || info.type == graph::ElementType::uint8) {
      if (!info.constant)
        context.refuse(Reason::dynamic_shape, "how many elements its mask picks depends on the data",
                       "use torch.where(mask, x, other), which keeps the shape");
      add_mask(context, indices, dimension, *info.constant);
      dimension += static_cast<uint32_t>(info.shape.size());
    } else {
      indices.push_back({dimension, counted_from_front(context, context.operand(*id), shape[dimension])});
      ++dimension;
    }
  }
  return indices;
}

/// Several indices as one into the dimensions that they share, which lie side by side.
OperandId joined_indices(Context& context, const std::vector<Index>& indices, Shape shape) {
  OperandId joined = indices.front().places;
  for (size_t i = 1; i < indices.size(); ++i) {
    OperandId next = indices[i].places;
    double size = shape[indices[i].dimension];
    bool known = context.graph().is_constant(joined) && context.graph().is_constant(next);
    if (!known) {
      joined = context.binary(Op::ADD, context.binary(Op::MUL, joined, size), next);
      continue;
    }
    size_t rank = std::max(context.rank(joined), context.rank(next));
    Shape common(rank, 1);
    for (OperandId operand : {joined, next})
      for (size_t k = 0; k < context.rank(operand); ++k) {
        uint32_t& common_size = common[rank - 1 - k];
        common_size = std::max(common_size, context.shape(operand)[context.rank(operand) - 1 - k]);
      }
    std::vector<int64_t> rows = context.graph()[joined].constant->broadcast_to(common).integers();
    std::vector<int64_t> columns = context.graph()[next].constant->broadcast_to(common).integers();
    std::vector<int32_t> flat;
    for (size_t k = 0; k < rows.size(); ++k)
      flat.push_back(static_cast<int32_t>(rows[k] * static_cast<int64_t>(size) + columns[k]));
    joined = context.constant_operand(Constant::from(flat, common));
  }
  return joined;
}

/// The indexed dimensions stay where they are if they are neighbours; else PyTorch puts them first.
Permutation brought_together(std::vector<Index>& indices, size_t rank) {
  bool adjacent = indices.back().dimension - indices.front().dimension + 1 == indices.size();
  if (adjacent) return graph::identity_permutation(rank);
  Permutation permutation;
  for (const Index& index : indices) permutation.push_back(index.dimension);
  for (uint32_t i = 0; i < rank; ++i)
    if (std::find(permutation.begin(), permutation.end(), i) == permutation.end()) permutation.push_back(i);
  for (uint32_t i = 0; i < indices.size(); ++i) indices[i].dimension = i;
  return permutation;
}

}  // namespace

OperandId within(Context& context, OperandId indices, double least, double greatest) {
  return context.binary(Op::MAXIMUM, context.binary(Op::MINIMUM, indices, greatest), least);
}

OperandId counted_from_front(Context& context, OperandId indices, uint32_t size) {
  if (context.graph().is_constant(indices))
    return index_operand(context, context.graph()[indices].constant->integers(), context.shape(indices), size);
  indices = within(context, indices, -static_cast<double>(size), size - 1.0);
  OperandId minus_one_where_negative = context.binary(Op::MAXIMUM, context.binary(Op::MINIMUM, indices, 0.0), -1.0);
  return context.binary(Op::SUB, indices, context.binary(Op::MUL, minus_one_where_negative, double(size)));
}

std::optional<Indexing> indexing_of(Context& context, Shape shape) {
  std::vector<Index> indices = index_tensors(context, shape);
  if (indices.empty()) return std::nullopt;
  Indexing result;
  result.permutation = brought_together(indices, shape.size());
  result.merged = graph::permuted(shape, result.permutation);
  result.dimension = indices.front().dimension;
  result.places = joined_indices(context, indices, result.merged);
  for (size_t i = 1; i < indices.size(); ++i) {
    result.merged[result.dimension] *= result.merged[result.dimension + 1];
    result.merged.erase(result.merged.begin() + result.dimension + 1);
  }
  return result;
}

}  // namespace passerelle::lowering
