// Elements by number: index tensors, embeddings, reordering along a dimension, the greatest few.
#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "indices.h"
#include "passerelle/support/check.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

constexpr OperandType integer = OperandType::TENSOR_INT32;

uint32_t self_dimension(Context& context, std::string_view name = "dim") {
  return Context::dimension(context.integer(name), context.info("self").shape.size());
}

Value flattened(Context& context, Value value) {
  return reshaped(context, value, {static_cast<uint32_t>(graph::element_count(value.shape()))});
}

// --- One index tensor along one dimension.

void lower_index_select(Context& context) {
  Value picked = gathered(context, context.tensor("self"), self_dimension(context), context.tensor("index"));
  context.result(reshaped(context, picked, context.result_type().shape));
}

/// Each element of `index` says where along `dimension` its element comes from; elsewhere the places are its own.
Value gathered_one_by_one(Context& context, Value x, Value index, uint32_t dimension) {
  const Shape shape = x.shape(), places = index.shape();
  std::vector<int32_t> offsets;
  size_t stride = 1;
  for (size_t i = dimension + 1; i < shape.size(); ++i) stride *= shape[i];
  for (size_t flat = 0; flat < graph::element_count(places); ++flat) {
    size_t rest = flat, offset = 0, step = 1;
    for (size_t i = shape.size(); i-- > 0; rest /= places[i], step *= shape[i])
      if (i != dimension) offset += rest % places[i] * step;
    offsets.push_back(static_cast<int32_t>(offset));
  }
  if (index.is_constant()) {
    std::vector<int64_t> known = index.constant()->integers();
    for (size_t i = 0; i < known.size(); ++i)
      offsets[i] += static_cast<int32_t>(known[i] * static_cast<int64_t>(stride));
    index = context.constant_operand(Constant::from(offsets, places));
  } else if (shape.size() > 1) {
    index = within(context, index, 0, shape[dimension] - 1.0);
    index = index * static_cast<double>(stride);
    index = index + context.constant_operand(Constant::from(offsets, places));
  }
  return gathered(context, flattened(context, x), 0, index);
}

void lower_gather(Context& context) {
  context.result(
      gathered_one_by_one(context, context.tensor("self"), context.tensor("index"), self_dimension(context)));
}

/// gather, with NumPy's broadcasting of the other dimensions.
void lower_take_along(Context& context) {
  Value x = context.tensor("self"), index = context.tensor("indices");
  if (context.is_none("dim"))
    return context.result(gathered(context, flattened(context, x), 0, flattened(context, index)));
  uint32_t dimension = self_dimension(context);
  Shape values = x.shape(), places = index.shape();
  for (size_t i = 0; i < values.size(); ++i)
    if (i != dimension) values[i] = places[i] = std::max(values[i], places[i]);
  context.result(
      gathered_one_by_one(context, broadcast(context, x, values), broadcast(context, index, places), dimension));
}

void lower_take(Context& context) {
  Value x = flattened(context, context.tensor("self"));
  Value index = counted_from_front(context, context.tensor("index"), x.shape().front());
  context.result(gathered(context, x, 0, index));
}

void lower_embedding(Context& context) {
  Value table = context.tensor("weight"), indices = context.tensor("indices");
  const Value rows = indices.rank() == 1
                         ? context.builder().emit(Op::EMBEDDING_LOOKUP, {{"lookups", indices}, {"values", table}},
                                                  {{}, table.quantization()})
                         : gathered(context, table, 0, indices);
  context.result(reshaped(context, rows, context.result_type().shape));
}

// --- x[i, :, j]: several index tensors, masks among them.

void lower_index(Context& context) {
  Value x = context.tensor("self");
  std::optional<Indexing> indexing = indexing_of(context, x.shape());
  if (!indexing) return context.result(x);
  x = reshaped(context, transposed(context, x, indexing->permutation), indexing->merged);
  Value picked = gathered(context, x, indexing->dimension, indexing->places);
  context.result(reshaped(context, picked, context.result_type().shape));
}

// --- Another order.

Value reversed(Context& context, Value x, uint32_t dimension) {
  std::vector<int32_t> indices(x.shape()[dimension]);
  std::iota(indices.rbegin(), indices.rend(), 0);
  return gathered(context, x, dimension, indices);
}

void lower_flip(Context& context) {
  Value x = context.tensor("self");
  for (int64_t dimension : context.integers("dims")) x = reversed(context, x, Context::dimension(dimension, x.rank()));
  context.result(x);
}

void lower_fliplr(Context& context) { context.result(reversed(context, context.tensor("self"), 1)); }
void lower_flipud(Context& context) { context.result(reversed(context, context.tensor("self"), 0)); }

Value rolled(Context& context, Value x, uint32_t dimension, int64_t shift) {
  auto size = static_cast<int64_t>(x.shape()[dimension]);
  std::vector<int32_t> indices;
  for (int64_t i = 0; i < size; ++i) indices.push_back(static_cast<int32_t>(((i - shift) % size + size) % size));
  return gathered(context, x, dimension, indices);
}

void lower_roll(Context& context) {
  Value x = context.tensor("self");
  std::vector<int64_t> shifts = context.integers("shifts"), dimensions = context.integers("dims");
  if (dimensions.empty()) {
    Value flat = rolled(context, flattened(context, x), 0, shifts.front());
    return context.result(reshaped(context, flat, x.shape()));
  }
  for (size_t i = 0; i < dimensions.size(); ++i)
    x = rolled(context, x, Context::dimension(dimensions[i], x.rank()), shifts[i]);
  context.result(x);
}

/// Quarter turns from the first of two dimensions towards the second.
void lower_rot90(Context& context) {
  Value x = context.tensor("self");
  std::vector<int64_t> dimensions = context.integers("dims");
  uint32_t first = Context::dimension(dimensions[0], x.rank());
  uint32_t second = Context::dimension(dimensions[1], x.rank());
  int64_t turns = (context.integer("k") % 4 + 4) % 4;
  Permutation swapped = graph::identity_permutation(x.rank());
  std::swap(swapped[first], swapped[second]);
  if (turns == 1 || turns == 2) x = reversed(context, x, second);
  if (turns == 3 || turns == 2) x = reversed(context, x, first);
  context.result(turns % 2 == 0 ? x : transposed(context, x, swapped));
}

/// Windows of one dimension; their elements are a new last dimension.
void lower_unfold(Context& context) {
  Value x = context.tensor("self");
  const Shape shape = x.shape();
  const uint32_t dimension = Context::dimension(context.integer("dimension"), shape.size());
  auto size = static_cast<int32_t>(context.integer("size")), step = static_cast<int32_t>(context.integer("step"));
  const int32_t count = (static_cast<int32_t>(shape[dimension]) - size) / step + 1;
  std::vector<int32_t> indices;
  for (int32_t window = 0; window < count; ++window)
    for (int32_t i = 0; i < size; ++i) indices.push_back(window * step + i);
  Value picked = gathered(context, x, dimension, indices);
  // The windows go behind what is behind them: in four dimensions, of however many the result has.
  const auto border = shape.begin() + dimension;
  const auto before = static_cast<uint32_t>(graph::element_count({shape.begin(), border}));
  const auto behind = static_cast<uint32_t>(graph::element_count({border + 1, shape.end()}));
  if (behind > 1) {
    const Shape windows{before, static_cast<uint32_t>(count), static_cast<uint32_t>(size), behind};
    picked = transposed(context, reshaped(context, picked, windows), {0, 1, 3, 2});
  }
  context.result(reshaped(context, picked, context.result_type().shape));
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
  Value labels = reshaped(context, context.tensor("self"), column);
  Value hot = equal(labels, context.constant_operand(Constant::list(classes)));
  context.result(cast(context, hot, output.type));
}

struct Ordered {
  Value values;
  Value places;
};

/// The first `count` of a dimension in falling or rising order; NNAPI looks for the greatest along the last dimension.
Ordered ordered(Context& context, Value x, uint32_t dimension, uint32_t count, bool falling) {
  size_t rank = x.rank();
  Permutation last_and_back = graph::identity_permutation(rank);
  std::swap(last_and_back[dimension], last_and_back[rank - 1]);
  x = transposed(context, x, last_and_back);
  if (!falling) x = -x;
  const Values found = top_k(x, count);
  Value extremes = falling ? found[0] : -found[0];
  return {transposed(context, extremes, last_and_back), transposed(context, found[1], last_and_back)};
}

void lower_topk(Context& context) {
  Ordered found = ordered(context, context.tensor("self"), self_dimension(context),
                          static_cast<uint32_t>(context.integer("k")), context.boolean("largest"));
  context.result(0, found.values);
  context.result(1, found.places);
}

Ordered sorted(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = self_dimension(context);
  return ordered(context, x, dimension, x.shape()[dimension], context.boolean("descending"));
}

void lower_sort(Context& context) {
  Ordered all = sorted(context);
  context.result(0, all.values);
  context.result(1, all.places);
}

void lower_msort(Context& context) {
  Value x = context.tensor("self");
  context.result(ordered(context, x, 0, x.shape()[0], false).values);
}

/// The element number `place` (from 0) in rising order, along a dimension.
Ordered smallest_but(Context& context, Value x, uint32_t dimension, uint32_t place) {
  const uint32_t size = x.shape()[dimension];
  const bool falling = place >= size / 2;
  const uint32_t count = falling ? size - place : place + 1;
  Ordered found = ordered(context, x, dimension, count, falling);
  return {sliced(context, found.values, dimension, count - 1, 1),
          sliced(context, found.places, dimension, count - 1, 1)};
}

void lower_kth(Context& context, uint32_t dimension, uint32_t place) {
  const Ordered found = smallest_but(context, context.tensor("self"), dimension, place);
  context.result(0, reshaped(context, found.values, context.result_type(0).shape));
  if (context.is_used(1)) context.result(1, reshaped(context, found.places, context.result_type(1).shape));
}

void lower_kthvalue(Context& context) {
  lower_kth(context, self_dimension(context), static_cast<uint32_t>(context.integer("k")) - 1);
}

/// The lower one of two in the middle.
void lower_median(Context& context) {
  Value x = context.tensor("self");
  if (context.has("dim")) {
    const uint32_t dimension = self_dimension(context);
    return lower_kth(context, dimension, (x.shape()[dimension] - 1) / 2);
  }
  Value flat = flattened(context, x);
  context.result(smallest_but(context, flat, 0, (flat.shape()[0] - 1) / 2).values);
}

// --- Among known numbers.

/// `x` with another dimension of size 1 at its end, and a list of constants to compare with.
Value compared(Context& context, OperationType operation, Value x, Value list) {
  Shape column = x.shape();
  column.push_back(1);
  return binary(operation, reshaped(context, x, column), flattened(context, list));
}

Value reduced_last(Context& context, OperationType operation, Value x) {
  return reduce(operation, x, {static_cast<uint32_t>(x.rank()) - 1}, false);
}

/// How many of the boundaries, which rise, lie before each element.
void count_boundaries(Context& context, std::string_view boundaries, bool right) {
  const OperandType type = promoted(context, boundaries, "self");
  Value list = cast(context, context.tensor(boundaries), type), x = argument(context, "self", type);
  if (list.rank() != 1)
    context.refuse(Reason::argument, "each row of its input has boundaries of its own", "give one list of boundaries");
  Value before = compared(context, right ? Op::GREATER_EQUAL : Op::GREATER, x, list);
  Value count = reduced_last(context, Op::REDUCE_SUM, cast(context, before, OperandType::TENSOR_FLOAT32));
  context.result(cast(context, count, integer));
}

void lower_bucketize(Context& context) { count_boundaries(context, "boundaries", context.boolean("right")); }

void lower_searchsorted(Context& context) {
  if (!context.is_none("sorter")) context.refuse(Reason::argument, "its boundaries are sorted by an index");
  const bool right = context.boolean("right") || (!context.is_none("side") && context.string("side") == "right");
  count_boundaries(context, "sorted_sequence", right);
}

void lower_isin(Context& context) {
  const OperandType type = promoted(context, "elements", "test_elements");
  Value x = argument(context, "elements", type), list = argument(context, "test_elements", type);
  Value found = reduced_last(context, Op::REDUCE_ANY, compared(context, Op::EQUAL, x, list));
  context.result(context.boolean("invert") ? logical_not(found) : found);
}

void lower_argsort(Context& context) { context.result(sorted(context).places); }

constexpr Lowering table[] = {
    {"aten::index_select", lower_index_select, "GATHER", ""},
    {"aten::gather", lower_gather, "RESHAPE, GATHER", ""},
    {"aten::take_along_dim", lower_take_along, "RESHAPE, GATHER", ""},
    {"aten::take", lower_take, "RESHAPE, GATHER", ""},
    {"aten::embedding", lower_embedding, "EMBEDDING_LOOKUP, GATHER", ""},
    {"aten::index", lower_index, "GATHER", "masks that are computed from the input"},
    {"aten::_unsafe_index", lower_index, "GATHER", "masks that are computed from the input"},
    {"aten::flip", lower_flip, "GATHER", ""},
    {"aten::fliplr", lower_fliplr, "GATHER", ""},
    {"aten::flipud", lower_flipud, "GATHER", ""},
    {"aten::roll", lower_roll, "GATHER", ""},
    {"aten::rot90", lower_rot90, "GATHER, TRANSPOSE", ""},
    {"aten::unfold", lower_unfold, "GATHER, RESHAPE, TRANSPOSE", ""},
    {"aten::unfold_copy", lower_unfold, "GATHER, RESHAPE, TRANSPOSE", ""},
    {"aten::one_hot", lower_one_hot, "EQUAL, SELECT", "without num_classes"},
    {"aten::topk", lower_topk, "TOPK_V2", ""},
    {"aten::sort", lower_sort, "TOPK_V2", ""},
    {"aten::msort", lower_msort, "TOPK_V2", ""},
    {"aten::kthvalue", lower_kthvalue, "TOPK_V2, SLICE", ""},
    {"aten::median", lower_median, "TOPK_V2, SLICE", ""},
    {"aten::bucketize", lower_bucketize, "GREATER, REDUCE_SUM", ""},
    {"aten::searchsorted", lower_searchsorted, "GREATER, REDUCE_SUM", "boundaries for each row"},
    {"aten::isin", lower_isin, "EQUAL, REDUCE_ANY", ""},
    {"aten::argsort", lower_argsort, "TOPK_V2", ""},
};

}  // namespace

Span<const Lowering> indexing_lowerings() { return table; }

}  // namespace passerelle::lowering
