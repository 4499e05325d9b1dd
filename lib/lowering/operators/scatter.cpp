// Tensors with some of their elements replaced: what writes through a view become, index_put and its kin.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "indices.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

Value flattened(Context& context, Value value) {
  return reshaped(context, value, {static_cast<uint32_t>(graph::element_count(value.shape()))});
}

// --- Along one dimension.

/// `x` with the elements at `places` of one dimension replaced by those of `source`, in order; the last one written
/// stays.
Value replaced(Context& context, Value x, Value source, uint32_t dimension, const std::vector<int32_t>& places) {
  const uint32_t size = x.shape()[dimension], count = static_cast<uint32_t>(places.size());
  bool in_a_run = true;
  for (uint32_t i = 1; i < count; ++i) in_a_run &= places[i] == places[i - 1] + 1;
  if (in_a_run) {
    auto begin = static_cast<uint32_t>(places.front()), end = begin + count;
    Values pieces;
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
Value source_of(Context& context, std::string_view name, Shape shape) {
  return broadcast(context, argument(context, name, context.result_type().type), std::move(shape));
}

void lower_slice_scatter(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  auto size = static_cast<int64_t>(x.shape()[dimension]);
  int64_t begin = context.integer_or("start", 0);
  begin = std::clamp<int64_t>(begin < 0 ? begin + size : begin, 0, size);
  Shape shape = context.tensor("src").shape();
  if (shape[dimension] == 0) return context.result(x);
  std::vector<int32_t> places;
  for (uint32_t i = 0; i < shape[dimension]; ++i)
    places.push_back(static_cast<int32_t>(begin + i * context.integer("step")));
  context.result(replaced(context, x, source_of(context, "src", shape), dimension, places));
}

void lower_select_scatter(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  Shape shape = x.shape();
  int64_t index = context.integer("index");
  if (index < 0) index += shape[dimension];
  shape[dimension] = 1;
  Value source = reshaped(context, argument(context, "src", context.result_type().type), shape);
  context.result(replaced(context, x, source, dimension, {static_cast<int32_t>(index)}));
}

std::vector<int32_t> known_places(Context& context, uint32_t size) {
  std::vector<int32_t> places;
  for (int64_t index : context.required_constant("index").integers())
    places.push_back(static_cast<int32_t>(index < 0 ? index + size : index));
  return places;
}

/// An index that is computed: each place looks whether it is in it.
void fill_by_computed_index(Context& context, Value x, uint32_t dimension) {
  const Value index = counted_from_front(context, context.tensor("index"), x.shape()[dimension]);
  const Shape shape = x.shape();
  const uint32_t size = shape[dimension], count = index.shape()[0];
  std::vector<int32_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Value column = context.constant_operand(Constant::from(numbers, {size, 1}));
  const Value same = equal(column, reshaped(context, index, {1, count}));
  Shape along(shape.size(), 1);
  along[dimension] = size;
  // As floats: no RESHAPE takes BOOL8.
  Value hit = reduce(Op::REDUCE_MAX, cast(context, same, OperandType::TENSOR_FLOAT32), {1}, false);
  hit = cast(context, reshaped(context, hit, along), OperandType::TENSOR_BOOL8);
  context.result(chosen(context, hit, source_of(context, "value", Shape(shape.size(), 1)), x, shape));
}

void lower_index_fill(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  if (!context.constant("index")) return fill_by_computed_index(context, x, dimension);
  Shape shape = x.shape();
  std::vector<int32_t> places = known_places(context, shape[dimension]);
  shape[dimension] = static_cast<uint32_t>(places.size());
  context.result(replaced(context, x, source_of(context, "value", shape), dimension, places));
}

void lower_index_copy(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  std::vector<int32_t> places = known_places(context, x.shape()[dimension]);
  context.result(replaced(context, x, context.tensor("source"), dimension, places));
}

// --- At index tensors.

/// The only index, where it is a mask over the tensor's first dimensions.
std::optional<trace::TensorId> only_mask(Context& context) {
  for (const auto& [name, value] : context.node().arguments) {
    if (name != "indices" || !value.list() || value.list()->size() != 1) continue;
    const trace::TensorId* id = value.list()->front().tensor();
    if (id && context.info(*id).type == graph::ElementType::bool8) return *id;
  }
  return std::nullopt;
}

/// One number wherever the mask is true: that needs no places.
void put_by_mask(Context& context, Value x, trace::TensorId mask) {
  Shape shape = context.info(mask).shape.empty() ? Shape{} : context.operand(mask).shape();
  shape.resize(x.rank(), 1);
  Value condition = reshaped(context, context.operand(mask), shape);
  Value value = argument(context, "values", x.element_type());
  context.result(chosen(context, condition, reshaped(context, value, {1}), x, x.shape()));
}

/// Where in the flat tensor the picked elements lie, in row-major order of the result that picking has.
std::vector<int64_t> picked_places(Context& context, const Indexing& indexing, Shape shape) {
  std::vector<int32_t> numbers(graph::element_count(shape));
  std::iota(numbers.begin(), numbers.end(), 0);
  std::vector<int64_t> numbered =
      Constant::from(numbers, shape).permuted(indexing.permutation).reshaped(indexing.merged).integers();
  std::vector<int64_t> along = indexing.places.constant()->integers();
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
  const Shape places = indexing.places.shape();
  shape.erase(shape.begin() + indexing.dimension);
  shape.insert(shape.begin() + indexing.dimension, places.begin(), places.end());
  return shape;
}

void lower_index_put(Context& context) {
  if (context.boolean("accumulate"))
    context.refuse(Reason::argument, "it adds up what it puts in one place", "use torch.where or a matrix product");
  Value x = context.tensor("self");
  std::optional<trace::TensorId> mask = only_mask(context);
  if (mask && graph::element_count(context.tensor("values").shape()) == 1) return put_by_mask(context, x, *mask);
  std::optional<Indexing> indexing = indexing_of(context, x.shape());
  if (!indexing) return context.result(source_of(context, "values", x.shape()));
  if (!indexing->places.is_constant())
    context.refuse(Reason::argument, "the places that it puts to are computed from the input; they must be constant",
                   "use torch.where with a mask");
  const Shape shape = x.shape();
  Value source = flattened(context, source_of(context, "values", picked_shape(context, *indexing)));
  std::vector<int32_t> order(graph::element_count(shape));
  std::iota(order.begin(), order.end(), 0);
  auto next = static_cast<int32_t>(order.size());
  for (int64_t place : picked_places(context, *indexing, shape)) order[static_cast<size_t>(place)] = next++;
  Value both = concatenated(context, {flattened(context, x), source}, 0);
  context.result(gathered(context, both, 0, context.constant_operand(Constant::from(order, shape))));
}

// --- Elements of one dimension, each to a place of its own: scatter and its kin.

/// How an element that is written meets what is there.
enum class Meeting { replace, add, multiply, maximum, minimum };

Meeting meeting_of(Context& context, std::string_view name) {
  if (name == "add" || name == "sum") return Meeting::add;
  if (name == "multiply" || name == "prod") return Meeting::multiply;
  if (name == "amax") return Meeting::maximum;
  if (name == "amin") return Meeting::minimum;
  context.refuse(Reason::no_counterpart, "it reduces by " + std::string(name), "use sum, prod, amax or amin");
}

Value combined(Context& context, Meeting meeting, Value a, Value b) {
  switch (meeting) {
    case Meeting::add: return a + b;
    case Meeting::multiply: return a * b;
    case Meeting::maximum: return max(a, b);
    case Meeting::minimum: return min(a, b);
    default: return b;
  }
}

/// What changes nothing where it meets a number.
double neutral(Meeting meeting) { return meeting == Meeting::multiply ? 1 : 0; }

/// Elements of `source` go to known places of the flat `x`. Each round writes one to each place: as many rounds as
/// elements go to one place.
Value scatter_to_known(Context& context, Value x, Value source, const std::vector<int64_t>& places, Meeting meeting) {
  const Shape shape = x.shape();
  const auto size = static_cast<int32_t>(graph::element_count(shape));
  std::vector<int32_t> own(static_cast<size_t>(size));
  std::iota(own.begin(), own.end(), 0);
  const bool keeps_own = meeting == Meeting::replace || meeting == Meeting::maximum || meeting == Meeting::minimum;
  const int32_t nothing = static_cast<int32_t>(places.size()) + size;
  std::vector<std::vector<int32_t>> rounds;
  std::vector<uint32_t> written(own.size(), 0);
  for (size_t i = 0; i < places.size(); ++i) {
    const auto place = static_cast<size_t>(places[i]);
    const uint32_t round = meeting == Meeting::replace ? 0 : written[place]++;
    if (round == rounds.size()) rounds.push_back(keeps_own ? own : std::vector<int32_t>(own.size(), nothing));
    rounds[round][place] = size + static_cast<int32_t>(i);
  }
  constexpr size_t most_rounds = 64;
  if (rounds.size() > most_rounds)
    context.refuse(Reason::too_large, "it brings " + std::to_string(rounds.size()) + " elements to one place",
                   "use a matrix product");
  Values all{flattened(context, x), flattened(context, source)};
  if (!keeps_own) all.push_back(filled(context, neutral(meeting), x.element_type(), {1}));
  const Value joined = concatenated(context, all, 0);
  for (const std::vector<int32_t>& round : rounds) {
    const Value picked = gathered(context, joined, 0, context.constant_operand(Constant::from(round, shape)));
    x = combined(context, meeting, x, picked);
  }
  return x;
}

/// Whether element i of the source (a dimension that is put in behind `dimension`) goes to each place of `dimension`.
Value destinations(Context& context, Value index, uint32_t dimension, uint32_t size) {
  Shape raised = index.shape();
  raised.insert(raised.begin() + dimension, 1);
  Shape along(raised.size(), 1);
  along[dimension] = size;
  std::vector<int32_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  return equal(reshaped(context, index, raised), context.constant_operand(Constant::from(numbers, along)));
}

/// With places that are computed: each place looks at each element. Where several are written to one place PyTorch
/// leaves open which of them stays.
Value scatter_to_computed(Context& context, Value x, Value source, Value index, uint32_t dimension, Meeting meeting) {
  const Shape shape = x.shape(), places = index.shape();
  for (size_t i = 0; i < shape.size(); ++i)
    if (i != dimension && places[i] != shape[i])
      context.refuse(Reason::argument, "it writes to a part of the tensor, to places that are computed",
                     "give an index as large as the tensor in the other dimensions");
  if (!x.is(OperandType::TENSOR_FLOAT32))
    context.refuse(Reason::element_type, "it writes integers or bools to places that are computed",
                   "convert them with .float() first");
  const Value goes = destinations(context, index, dimension, shape[dimension]);
  Shape wide = places;
  wide.insert(wide.begin() + dimension, shape[dimension]);
  Shape raised = places;
  raised.insert(raised.begin() + dimension, 1);
  const Value sources = reshaped(context, source, raised);
  const auto reduction = [&](OperationType type, double elsewhere) {
    const Value spread =
        chosen(context, goes, sources, filled(context, elsewhere, x.element_type(), Shape(wide.size(), 1)), wide);
    return reduce(type, spread, {dimension + 1}, false);
  };
  switch (meeting) {
    case Meeting::add: return x + reduction(Op::REDUCE_SUM, 0);
    case Meeting::multiply: return x * reduction(Op::REDUCE_PROD, 1);
    case Meeting::maximum: return max(x, reduction(Op::REDUCE_MAX, -INFINITY));
    case Meeting::minimum: return min(x, reduction(Op::REDUCE_MIN, INFINITY));
    default: break;
  }
  const Value written = reduce(Op::REDUCE_ANY, goes, {dimension + 1}, false);
  return select(context, written, reduction(Op::REDUCE_MAX, -INFINITY), x);
}

/// Flat places in a tensor of `shape` of each element of an index along `dimension`.
std::vector<int64_t> flat_places(const Constant& index, const Shape& shape, uint32_t dimension) {
  std::vector<int64_t> places = index.integers();
  const Shape& sizes = index.shape();
  for (size_t flat = 0; flat < places.size(); ++flat) {
    int64_t place = 0, step = 1;
    size_t rest = flat;
    for (size_t i = shape.size(); i-- > 0; rest /= sizes[i], step *= shape[i]) {
      int64_t at = i == dimension ? places[flat] : static_cast<int64_t>(rest % sizes[i]);
      place += (at < 0 ? at + shape[i] : at) * step;
    }
    places[flat] = place;
  }
  return places;
}

Value scattered(Context& context, Value x, Value source, Value index, uint32_t dimension, Meeting meeting) {
  if (!index.is_constant()) return scatter_to_computed(context, x, source, index, dimension, meeting);
  const std::vector<int64_t> places = flat_places(*index.constant(), x.shape(), dimension);
  return scatter_to_known(context, x, source, places, meeting);
}

/// The part of the source that has an index.
Value indexed_source(Context& context, Value source, const Shape& places) {
  for (uint32_t i = 0; i < places.size(); ++i) source = sliced(context, source, i, 0, places[i]);
  return source;
}

void lower_scatter(Context& context) {
  const OperandType type = context.result_type().type;
  const Value x = argument(context, "self", type), index = context.tensor("index");
  const Shape places = index.shape();
  const Value source = context.has("src") ? indexed_source(context, argument(context, "src", type), places)
                                          : source_of(context, "value", places);
  Meeting meeting = context.op() == "aten::scatter_add" ? Meeting::add : Meeting::replace;
  if (!context.is_none("reduce")) meeting = meeting_of(context, context.string("reduce"));
  if (context.has("include_self") && !context.boolean("include_self"))
    context.refuse(Reason::argument, "it leaves out what was there", "use include_self=True");
  if (meeting != Meeting::replace) refuse_narrow_integers(context);
  context.result(scattered(context, x, source, index, Context::dimension(context.integer("dim"), x.rank()), meeting));
}

/// One index for all rows of a dimension, as index_add and its kin have it, in the shape that scatter has it.
Value index_for_all(Context& context, Value index, Shape source, uint32_t dimension) {
  Shape along(source.size(), 1);
  along[dimension] = source[dimension];
  return broadcast(context, reshaped(context, index, along), source);
}

void lower_index_add(Context& context) {
  refuse_narrow_integers(context);
  const OperandType type = context.result_type().type;
  const Value x = argument(context, "self", type);
  const uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  Value source = argument(context, "source", type);
  if (context.number_or("alpha", 1) != 1) source = source * context.number("alpha");
  const Value index = index_for_all(context, context.tensor("index"), source.shape(), dimension);
  context.result(scattered(context, x, source, index, dimension, Meeting::add));
}

/// The source's elements, in order, wherever a known mask is true.
void lower_masked_scatter(Context& context) {
  const Value x = context.tensor("self");
  const Shape shape = x.shape();
  const std::vector<int64_t> mask = context.required_constant("mask").broadcast_to(shape).integers();
  std::vector<int64_t> places;
  for (size_t i = 0; i < mask.size(); ++i)
    if (mask[i] != 0) places.push_back(static_cast<int64_t>(i));
  if (places.empty()) return context.result(x);
  const Value source = flattened(context, context.tensor("source"));
  const Value taken = sliced(context, source, 0, 0, static_cast<uint32_t>(places.size()));
  context.result(scatter_to_known(context, x, taken, places, Meeting::replace));
}

// --- Everywhere.

void lower_fill(Context& context) { context.result(source_of(context, "value", context.result_type().shape)); }

void lower_zero(Context& context) {
  TensorType type = context.result_type();
  context.result(filled(context, 0, type.type, type.shape));
}

void lower_copy(Context& context) { context.result(source_of(context, "src", context.result_type().shape)); }

constexpr std::string_view scattering = "CONCATENATION, GATHER; computed places: EQUAL, SELECT, REDUCE_SUM";
constexpr std::string_view scatter_limits =
    "integers to computed places, means, include_self=False, many elements to one place";
constexpr std::string_view known = "places that are computed from the input";

constexpr Lowering table[] = {
    {"aten::slice_scatter", lower_slice_scatter, "SLICE, CONCATENATION, GATHER", ""},
    {"aten::select_scatter", lower_select_scatter, "SLICE, CONCATENATION", ""},
    {"aten::scatter", lower_scatter, scattering, scatter_limits},
    {"aten::scatter_add", lower_scatter, scattering, scatter_limits},
    {"aten::scatter_reduce", lower_scatter, scattering, scatter_limits},
    {"aten::index_add", lower_index_add, scattering, scatter_limits},
    {"aten::masked_scatter", lower_masked_scatter, "CONCATENATION, GATHER", "masks that are computed from the input"},
    {"aten::index_fill", lower_index_fill, "CONCATENATION, GATHER, EQUAL, SELECT", ""},
    {"aten::index_copy", lower_index_copy, "CONCATENATION, GATHER", known},
    {"aten::index_put", lower_index_put, "CONCATENATION, GATHER, SELECT",
     "places that are computed from the input, but for masks; accumulate=True"},
    {"aten::_index_put_impl", lower_index_put, "CONCATENATION, GATHER, SELECT",
     "places that are computed from the input, but for masks; accumulate=True"},
    {"aten::fill", lower_fill, "TILE", ""},
    {"aten::zero", lower_zero, "TILE", ""},
    {"aten::copy", lower_copy, "TILE, CAST", ""},
};

}  // namespace

Span<const Lowering> scatter_lowerings() { return table; }

}  // namespace passerelle::lowering
