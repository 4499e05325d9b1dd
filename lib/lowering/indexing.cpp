// Elements by number: index tensors, embeddings, reordering along a dimension, the greatest few.
#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "passerelle/support/check.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

constexpr OperandType integer = OperandType::TENSOR_INT32;

uint32_t self_dimension(Context& context, std::string_view name = "dim") {
  return Context::dimension(context.integer(name), context.info("self").shape.size());
}

OperandId flattened(Context& context, OperandId value) {
  return reshaped(context, value, {static_cast<uint32_t>(graph::element_count(context.shape(value)))});
}

/// Known indices as a constant operand, counted from the front.
OperandId index_operand(Context& context, const std::vector<int64_t>& indices, const Shape& shape, int64_t size) {
  std::vector<int32_t> counted;
  for (int64_t index : indices) counted.push_back(static_cast<int32_t>(index < 0 ? index + size : index));
  return context.constant_operand(Constant::from(counted, shape));
}

/// Indices counted from the front: GATHER knows no negative ones.
OperandId counted_from_front(Context& context, OperandId indices, uint32_t size) {
  if (context.graph().is_constant(indices))
    return index_operand(context, context.graph()[indices].constant->integers(), context.shape(indices), size);
  OperandId minus_one_where_negative = context.binary(Op::MAXIMUM, context.binary(Op::MINIMUM, indices, 0.0), -1.0);
  return context.binary(Op::SUB, indices, context.binary(Op::MUL, minus_one_where_negative, double(size)));
}

// --- One index tensor along one dimension.

void lower_index_select(Context& context) {
  OperandId picked = gathered(context, context.tensor("self"), self_dimension(context), context.tensor("index"));
  context.result(reshaped(context, picked, context.result_type().shape));
}

/// Each element of `index` says where along `dim` its element comes from; elsewhere the places are its own.
void lower_gather(Context& context) {
  OperandId x = context.tensor("self"), index = context.tensor("index");
  uint32_t dimension = self_dimension(context);
  const Shape shape = context.shape(x), places = context.shape(index);
  std::vector<int32_t> offsets;
  size_t stride = 1;
  for (size_t i = dimension + 1; i < shape.size(); ++i) stride *= shape[i];
  for (size_t flat = 0; flat < graph::element_count(places); ++flat) {
    size_t rest = flat, offset = 0, step = 1;
    for (size_t i = shape.size(); i-- > 0; rest /= places[i], step *= shape[i])
      if (i != dimension) offset += rest % places[i] * step;
    offsets.push_back(static_cast<int32_t>(offset));
  }
  if (context.graph().is_constant(index)) {
    std::vector<int64_t> known = context.graph()[index].constant->integers();
    for (size_t i = 0; i < known.size(); ++i)
      offsets[i] += static_cast<int32_t>(known[i] * static_cast<int64_t>(stride));
    index = context.constant_operand(Constant::from(offsets, places));
  } else if (shape.size() > 1) {
    index = context.binary(Op::MUL, index, static_cast<double>(stride));
    index = context.binary(Op::ADD, index, context.constant_operand(Constant::from(offsets, places)));
  }
  context.result(gathered(context, flattened(context, x), 0, index));
}

void lower_take(Context& context) {
  OperandId x = flattened(context, context.tensor("self"));
  OperandId index = counted_from_front(context, context.tensor("index"), context.shape(x).front());
  context.result(gathered(context, x, 0, index));
}

void lower_embedding(Context& context) {
  OperandId table = context.tensor("weight"), indices = context.tensor("indices");
  OperandId rows;
  if (context.rank(indices) == 1) {
    TensorType output = context.type(table);
    output.shape[0] = context.shape(indices)[0];
    rows = context.emit(Op::EMBEDDING_LOOKUP, {{"lookups", indices}, {"values", table}}, output);
  } else {
    rows = gathered(context, table, 0, indices);
  }
  context.result(reshaped(context, rows, context.result_type().shape));
}

// --- x[i, :, j]: several index tensors, masks among them.

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
  const torchscript::Value* argument = nullptr;
  for (const auto& [name, value] : context.node().arguments)
    if (name == "indices") argument = &value;
  check(argument && argument->list(), "index has a list of indices");
  uint32_t dimension = 0;
  for (const torchscript::Value& element : *argument->list()) {
    const torchscript::TensorId* id = element.tensor();
    if (!id) {
      ++dimension;
      continue;
    }
    const torchscript::Tensor& info = context.info(*id);
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

void lower_index(Context& context) {
  OperandId x = context.tensor("self");
  std::vector<Index> indices = index_tensors(context, context.shape(x));
  if (indices.empty()) return context.result(x);
  uint32_t first = indices.front().dimension;
  bool adjacent = indices.back().dimension - first + 1 == indices.size();
  if (!adjacent) {
    // Then PyTorch puts the picked dimensions first.
    Permutation permutation;
    for (const Index& index : indices) permutation.push_back(index.dimension);
    for (uint32_t i = 0; i < context.rank(x); ++i)
      if (std::find(permutation.begin(), permutation.end(), i) == permutation.end()) permutation.push_back(i);
    x = transposed(context, x, permutation);
    for (uint32_t i = 0; i < indices.size(); ++i) indices[i].dimension = i;
    first = 0;
  }
  OperandId places = joined_indices(context, indices, context.shape(x));
  Shape merged = context.shape(x);
  for (size_t i = 1; i < indices.size(); ++i) {
    merged[first] *= merged[first + 1];
    merged.erase(merged.begin() + first + 1);
  }
  OperandId picked = gathered(context, reshaped(context, x, merged), first, places);
  context.result(reshaped(context, picked, context.result_type().shape));
}

// --- Another order.

void lower_flip(Context& context) {
  OperandId x = context.tensor("self");
  for (int64_t number : context.integers("dims")) {
    uint32_t dimension = Context::dimension(number, context.info("self").shape.size());
    std::vector<int32_t> indices(context.shape(x)[dimension]);
    std::iota(indices.rbegin(), indices.rend(), 0);
    x = gathered(context, x, dimension, indices);
  }
  context.result(x);
}

OperandId rolled(Context& context, OperandId x, uint32_t dimension, int64_t shift) {
  auto size = static_cast<int64_t>(context.shape(x)[dimension]);
  std::vector<int32_t> indices;
  for (int64_t i = 0; i < size; ++i) indices.push_back(static_cast<int32_t>(((i - shift) % size + size) % size));
  return gathered(context, x, dimension, indices);
}

void lower_roll(Context& context) {
  OperandId x = context.tensor("self");
  std::vector<int64_t> shifts = context.integers("shifts"), dimensions = context.integers("dims");
  if (dimensions.empty()) {
    OperandId flat = rolled(context, flattened(context, x), 0, shifts.front());
    return context.result(reshaped(context, flat, context.shape(x)));
  }
  for (size_t i = 0; i < dimensions.size(); ++i)
    x = rolled(context, x, Context::dimension(dimensions[i], context.rank(x)), shifts[i]);
  context.result(x);
}

// --- Numbers of elements as results.

void lower_one_hot(Context& context) {
  if (context.integer("num_classes") < 0)
    context.refuse(Reason::dynamic_shape, "the number of its classes depends on the data", "give num_classes");
  TensorType output = context.result_type();
  std::vector<int32_t> classes(output.shape.back());
  std::iota(classes.begin(), classes.end(), 0);
  Shape column = output.shape;
  column.back() = 1;
  OperandId labels = reshaped(context, context.tensor("self"), column);
  OperandId hot = context.binary(Op::EQUAL, labels, context.constant_operand(Constant::list(classes)));
  context.result(cast(context, hot, output.type));
}

/// NNAPI looks for the greatest along the last dimension.
void lower_topk(Context& context) {
  OperandId x = context.tensor("self");
  size_t rank = context.rank(x);
  uint32_t dimension = self_dimension(context);
  Permutation last_and_back = graph::identity_permutation(rank);
  std::swap(last_and_back[dimension], last_and_back[rank - 1]);
  x = transposed(context, x, last_and_back);
  bool largest = context.boolean("largest");
  if (!largest) x = context.unary(Op::NEG, x);
  TensorType values = context.type(x), indices = context.type(x);
  values.shape[rank - 1] = indices.shape[rank - 1] = static_cast<uint32_t>(context.integer("k"));
  indices.type = integer;
  std::vector<OperandId> found =
      context.emit(Op::TOPK_V2, {{"input", x}, {"k", static_cast<int32_t>(context.integer("k"))}}, {values, indices});
  OperandId extremes = largest ? found[0] : context.unary(Op::NEG, found[0]);
  if (context.is_used(0)) context.result(0, transposed(context, extremes, last_and_back));
  if (context.is_used(1)) context.result(1, transposed(context, found[1], last_and_back));
}

constexpr Lowering table[] = {
    {"aten::index_select", lower_index_select, "GATHER", ""},
    {"aten::gather", lower_gather, "RESHAPE, GATHER", ""},
    {"aten::take", lower_take, "RESHAPE, GATHER", ""},
    {"aten::embedding", lower_embedding, "EMBEDDING_LOOKUP, GATHER", ""},
    {"aten::index", lower_index, "GATHER", "masks that are computed from the input"},
    {"aten::flip", lower_flip, "GATHER", ""},
    {"aten::roll", lower_roll, "GATHER", ""},
    {"aten::one_hot", lower_one_hot, "EQUAL, SELECT", "without num_classes"},
    {"aten::topk", lower_topk, "TOPK_V2", ""},
};

}  // namespace

Span<const Lowering> indexing_lowerings() { return table; }

}  // namespace passerelle::lowering
