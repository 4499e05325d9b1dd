#include "indices.h"

#include <algorithm>
#include <vector>

#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

/// Known indices as a constant operand, counted from the front.
Value index_operand(Context& context, const std::vector<int64_t>& indices, const Shape& shape, int64_t size) {
  std::vector<int32_t> counted;
  for (int64_t index : indices) counted.push_back(static_cast<int32_t>(index < 0 ? index + size : index));
  return context.constant_operand(Constant::from(counted, shape));
}

struct Index {
  uint32_t dimension;
  Value places;  ///< TENSOR_INT32, 0 or more
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
Value joined_indices(Context& context, const std::vector<Index>& indices, Shape shape) {
  Value joined = indices.front().places;
  for (size_t i = 1; i < indices.size(); ++i) {
    Value next = indices[i].places;
    double size = shape[indices[i].dimension];
    bool known = joined.is_constant() && next.is_constant();
    if (!known) {
      joined = joined * size + next;
      continue;
    }
    size_t rank = std::max(joined.rank(), next.rank());
    Shape common(rank, 1);
    for (Value operand : {joined, next})
      for (size_t k = 0; k < operand.rank(); ++k) {
        uint32_t& common_size = common[rank - 1 - k];
        common_size = std::max(common_size, operand.shape()[operand.rank() - 1 - k]);
      }
    std::vector<int64_t> rows = joined.constant()->broadcast_to(common).integers();
    std::vector<int64_t> columns = next.constant()->broadcast_to(common).integers();
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

Value within(Context& context, Value indices, double least, double greatest) {
  return max(min(indices, greatest), least);
}

Value counted_from_front(Context& context, Value indices, uint32_t size) {
  if (indices.is_constant()) return index_operand(context, indices.constant()->integers(), indices.shape(), size);
  indices = within(context, indices, -static_cast<double>(size), size - 1.0);
  Value minus_one_where_negative = max(min(indices, 0), -1);
  return indices - minus_one_where_negative * double(size);
}

std::optional<Indexing> indexing_of(Context& context, Shape shape) {
  std::vector<Index> indices = index_tensors(context, shape);
  if (indices.empty()) return std::nullopt;
  const Permutation permutation = brought_together(indices, shape.size());
  const Shape permuted = graph::permuted(shape, permutation);
  const Value places = joined_indices(context, indices, permuted);
  Indexing result{permutation, permuted, indices.front().dimension, places};
  for (size_t i = 1; i < indices.size(); ++i) {
    result.merged[result.dimension] *= result.merged[result.dimension + 1];
    result.merged.erase(result.merged.begin() + result.dimension + 1);
  }
  return result;
}

}  // namespace passerelle::lowering
