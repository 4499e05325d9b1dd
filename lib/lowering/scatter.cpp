// Tensors with some of their elements replaced: what writes through a view become, index_put and its kin.
#include <algorithm>
#include <numeric>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "indices.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

// --- Along one dimension.

/// `x` with the elements at `places` of one dimension replaced by those of `source`, in order; the last one written
/// stays.
OperandId replaced(Context& context, OperandId x, OperandId source, uint32_t dimension,
                   const std::vector<int32_t>& places) {
  const uint32_t size = context.shape(x)[dimension], count = static_cast<uint32_t>(places.size());
  bool in_a_run = true;
  for (uint32_t i = 1; i < count; ++i) in_a_run &= places[i] == places[i - 1] + 1;
  if (in_a_run) {
    auto begin = static_cast<uint32_t>(places.front()), end = begin + count;
    std::vector<OperandId> pieces;
    if (begin > 0) pieces.push_back(sliced(context, x, dimension, 0, begin));
    pieces.push_back(source);
    if (end < size) pieces.push_back(sliced(context, x, dimension, end, size - end));
    return concatenated(context, pieces, dimension);
  }
  std::vector<int32_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  for (uint32_t i = 0; i < count; ++i) order[static_cast<size_t>(places[i])] = static_cast<int32_t>(size + i);
  return gathered(context, concatenated(context, {x, source}, dimension), dimension, order);
}

/// The argument `name` in the type of the result, broadcast to `shape`.
OperandId source_of(Context& context, std::string_view name, Shape shape) {
  return broadcast(context, argument(context, name, context.result_type().type), std::move(shape));
}

void lower_slice_scatter(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  auto size = static_cast<int64_t>(context.shape(x)[dimension]);
  int64_t begin = context.integer_or("start", 0);
  begin = std::clamp<int64_t>(begin < 0 ? begin + size : begin, 0, size);
  Shape shape = context.shape(context.tensor("src"));
  if (shape[dimension] == 0) return context.result(x);
  std::vector<int32_t> places;
  for (uint32_t i = 0; i < shape[dimension]; ++i)
    places.push_back(static_cast<int32_t>(begin + i * context.integer("step")));
  context.result(replaced(context, x, source_of(context, "src", shape), dimension, places));
}

void lower_select_scatter(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  Shape shape = context.shape(x);
  int64_t index = context.integer("index");
  if (index < 0) index += shape[dimension];
  shape[dimension] = 1;
  OperandId source = reshaped(context, argument(context, "src", context.result_type().type), shape);
  context.result(replaced(context, x, source, dimension, {static_cast<int32_t>(index)}));
}

std::vector<int32_t> known_places(Context& context, uint32_t size) {
  std::vector<int32_t> places;
  for (int64_t index : context.required_constant("index").integers())
    places.push_back(static_cast<int32_t>(index < 0 ? index + size : index));
  return places;
}

void lower_index_fill(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  Shape shape = context.shape(x);
  std::vector<int32_t> places = known_places(context, shape[dimension]);
  shape[dimension] = static_cast<uint32_t>(places.size());
  context.result(replaced(context, x, source_of(context, "value", shape), dimension, places));
}

void lower_index_copy(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  std::vector<int32_t> places = known_places(context, context.shape(x)[dimension]);
  context.result(replaced(context, x, context.tensor("source"), dimension, places));
}

// --- At index tensors.

/// The only index, where it is a mask over the tensor's first dimensions.
std::optional<torchscript::TensorId> only_mask(Context& context) {
  for (const auto& [name, value] : context.node().arguments) {
    if (name != "indices" || !value.list() || value.list()->size() != 1) continue;
    const torchscript::TensorId* id = value.list()->front().tensor();
    if (id && context.info(*id).type == graph::ElementType::bool8) return *id;
  }
  return std::nullopt;
}

/// One number wherever the mask is true: that needs no places.
void put_by_mask(Context& context, OperandId x, torchscript::TensorId mask) {
  Shape shape = context.info(mask).shape.empty() ? Shape{} : context.shape(context.operand(mask));
  shape.resize(context.rank(x), 1);
  OperandId condition = reshaped(context, context.operand(mask), shape);
  OperandId value = argument(context, "values", context.type(x).type);
  context.result(chosen(context, condition, reshaped(context, value, {1}), x, context.shape(x)));
}

/// Where in the flat tensor the picked elements lie, in row-major order of the result that picking has.
std::vector<int64_t> picked_places(Context& context, const Indexing& indexing, Shape shape) {
  std::vector<int32_t> numbers(graph::element_count(shape));
  std::iota(numbers.begin(), numbers.end(), 0);
  std::vector<int64_t> numbered =
      Constant::from(numbers, shape).permuted(indexing.permutation).reshaped(indexing.merged).integers();
  std::vector<int64_t> along = context.graph()[indexing.places].constant->integers();
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < indexing.dimension; ++i) outer *= indexing.merged[i];
  for (size_t i = indexing.dimension + 1; i < indexing.merged.size(); ++i) inner *= indexing.merged[i];
  std::vector<int64_t> places;
  for (size_t o = 0; o < outer; ++o)
    for (int64_t place : along)
      for (size_t i = 0; i < inner; ++i)
        places.push_back(numbered[(o * indexing.merged[indexing.dimension] + static_cast<size_t>(place)) * inner + i]);
  return places;
}

Shape picked_shape(Context& context, const Indexing& indexing) {
  Shape shape = indexing.merged;
  const Shape places = context.shape(indexing.places);
  shape.erase(shape.begin() + indexing.dimension);
  shape.insert(shape.begin() + indexing.dimension, places.begin(), places.end());
  return shape;
}

OperandId flattened(Context& context, OperandId value) {
  return reshaped(context, value, {static_cast<uint32_t>(graph::element_count(context.shape(value)))});
}

void lower_index_put(Context& context) {
  if (context.boolean("accumulate"))
    context.refuse(Reason::argument, "it adds up what it puts in one place", "use torch.where or a matrix product");
  OperandId x = context.tensor("self");
  std::optional<torchscript::TensorId> mask = only_mask(context);
  if (mask && graph::element_count(context.shape(context.tensor("values"))) == 1) return put_by_mask(context, x, *mask);
  std::optional<Indexing> indexing = indexing_of(context, context.shape(x));
  if (!indexing) return context.result(source_of(context, "values", context.shape(x)));
  if (!context.graph().is_constant(indexing->places))
    context.refuse(Reason::argument, "the places that it puts to are computed from the input; they must be constant",
                   "use torch.where with a mask");
  const Shape shape = context.shape(x);
  OperandId source = flattened(context, source_of(context, "values", picked_shape(context, *indexing)));
  std::vector<int32_t> order(graph::element_count(shape));
  std::iota(order.begin(), order.end(), 0);
  auto next = static_cast<int32_t>(order.size());
  for (int64_t place : picked_places(context, *indexing, shape)) order[static_cast<size_t>(place)] = next++;
  OperandId both = concatenated(context, {flattened(context, x), source}, 0);
  context.result(gathered(context, both, 0, context.constant_operand(Constant::from(order, shape))));
}

// --- Everywhere.

void lower_fill(Context& context) { context.result(source_of(context, "value", context.result_type().shape)); }

void lower_zero(Context& context) {
  TensorType type = context.result_type();
  context.result(filled(context, 0, type.type, type.shape));
}

void lower_copy(Context& context) { context.result(source_of(context, "src", context.result_type().shape)); }

// --- Triangles.

/// What lies on the wanted side of a diagonal; 0 elsewhere.
template <bool upper>
void lower_triangle(Context& context) {
  OperandId x = context.tensor("self");
  const Shape shape = context.shape(x);
  int64_t rows = shape[shape.size() - 2], columns = shape.back(), diagonal = context.integer("diagonal");
  std::vector<uint8_t> kept;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      kept.push_back(upper ? column - row >= diagonal : column - row <= diagonal);
  Constant mask = Constant::from(kept, {static_cast<uint32_t>(rows), static_cast<uint32_t>(columns)});
  OperandId condition = context.constant_operand(mask.converted(graph::ElementType::bool8).broadcast_to(shape));
  context.result(chosen(context, condition, x, filled(context, 0, context.type(x).type, shape), shape));
}

constexpr std::string_view known = "places that are computed from the input";

constexpr Lowering table[] = {
    {"aten::slice_scatter", lower_slice_scatter, "SLICE, CONCATENATION, GATHER", ""},
    {"aten::select_scatter", lower_select_scatter, "SLICE, CONCATENATION", ""},
    {"aten::index_fill", lower_index_fill, "CONCATENATION, GATHER", known},
    {"aten::index_copy", lower_index_copy, "CONCATENATION, GATHER", known},
    {"aten::index_put", lower_index_put, "CONCATENATION, GATHER, SELECT",
     "places that are computed from the input, but for masks; accumulate=True"},
    {"aten::_index_put_impl", lower_index_put, "CONCATENATION, GATHER, SELECT",
     "places that are computed from the input, but for masks; accumulate=True"},
    {"aten::fill", lower_fill, "TILE", ""},
    {"aten::zero", lower_zero, "TILE", ""},
    {"aten::copy", lower_copy, "TILE, CAST", ""},
    {"aten::tril", lower_triangle<false>, "SELECT", ""},
    {"aten::triu", lower_triangle<true>, "SELECT", ""},
};

}  // namespace

Span<const Lowering> scatter_lowerings() { return table; }

}  // namespace passerelle::lowering
