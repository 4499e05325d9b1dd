// Reductions along dimensions: sums, means, extremes and what is made of them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

constexpr OperandType real = OperandType::TENSOR_FLOAT32;
constexpr OperandType integer = OperandType::TENSOR_INT32;
constexpr OperandType boolean = OperandType::TENSOR_BOOL8;

using Dimensions = std::vector<uint32_t>;

/// The dimensions to reduce, ascending: those of "dim", or all where it is None, empty or not in the schema.
Dimensions reduced_dimensions(Context& context) {
  size_t rank = std::max<size_t>(context.info("self").shape.size(), 1);
  Dimensions dimensions;
  if (!context.is_none("dim"))
    for (int64_t dimension : context.integers("dim")) dimensions.push_back(Context::dimension(dimension, rank));
  if (dimensions.empty()) {
    dimensions.resize(rank);
    std::iota(dimensions.begin(), dimensions.end(), 0u);
  }
  std::sort(dimensions.begin(), dimensions.end());
  return dimensions;
}

bool keeps_dimensions(Context& context) { return context.has("keepdim") && context.boolean("keepdim"); }

size_t reduced_count(Context& context, OperandId x, const Dimensions& dimensions) {
  size_t count = 1;
  for (uint32_t dimension : dimensions) count *= context.shape(x)[dimension];
  return count;
}

Shape kept_shape(Context& context, OperandId x, const Dimensions& dimensions) {
  Shape shape = context.shape(x);
  for (uint32_t dimension : dimensions) shape[dimension] = 1;
  return shape;
}

OperandId emit_reduction(Context& context, OperationType operation, OperandId x, const Dimensions& dimensions,
                         bool keep) {
  TensorType output = context.type(x);
  output.shape = kept_shape(context, x, dimensions);
  if (!keep)
    for (size_t i = dimensions.size(); i-- > 0;) output.shape.erase(output.shape.begin() + dimensions[i]);
  std::vector<int32_t> axes(dimensions.begin(), dimensions.end());
  OperandId axes_operand = context.constant_operand(Constant::list(axes));
  // MEAN came before there was a BOOL.
  if (operation == Op::MEAN)
    return context.emit(operation, {{"input", x}, {"axes", axes_operand}, {"keep_dims", static_cast<int32_t>(keep)}},
                        output);
  return context.emit(operation, {{"input", x}, {"axes", axes_operand}, {"keep_dims", keep}}, output);
}

/// Beyond rank 4: each run of adjacent dimensions by itself, as the middle one of three.
OperandId reduced_by_runs(Context& context, OperationType operation, OperandId x, const Dimensions& dimensions) {
  const Shape shape = context.shape(x);
  auto count = [&](uint32_t begin, uint32_t end) {
    return std::accumulate(shape.begin() + begin, shape.begin() + end, 1u, std::multiplies<>());
  };
  uint32_t inner = 1;
  size_t end = dimensions.size();
  auto rank = static_cast<uint32_t>(shape.size());
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && dimensions[begin - 1] + 1 == dimensions[begin]) --begin;
    uint32_t first = dimensions[begin], last = dimensions[end - 1];
    inner *= count(last + 1, rank);
    x = reshaped(context, x, {count(0, first), count(first, last + 1), inner});
    x = emit_reduction(context, operation, x, {1}, false);
    rank = first;
    end = begin;
  }
  return x;
}

/// The reduction with its dimensions kept as 1, or dropped. No reduction of NNAPI's gives rank 0: then one dimension
/// stays.
OperandId reduced(Context& context, OperationType operation, OperandId x, const Dimensions& dimensions, bool keep) {
  Shape shape = kept_shape(context, x, dimensions);
  if (context.rank(x) > 4) {
    x = reduced_by_runs(context, operation, x, dimensions);
  } else {
    bool all = dimensions.size() == context.rank(x);
    x = emit_reduction(context, operation, x, dimensions, keep || all);
  }
  if (!keep) {
    for (size_t i = dimensions.size(); i-- > 0;) shape.erase(shape.begin() + dimensions[i]);
    if (shape.empty()) shape.push_back(1);
  }
  return reshaped(context, x, shape);
}

OperandId reduced(Context& context, OperationType operation, OperandId x) {
  return reduced(context, operation, x, reduced_dimensions(context), keeps_dimensions(context));
}

// --- Sums, means, products.

/// The tensor to add up. Bools are counted as floats, exactly up to 2^24 of them. No reduction of NNAPI's takes
/// integers: legalisation writes them otherwise (passes/rewrites/integers.cpp).
OperandId addends(Context& context) {
  OperandId x = context.tensor("self");
  if (context.result_type().type == real) return cast(context, x, real);
  if (context.type(x).type != boolean) return x;
  if (graph::element_count(context.shape(x)) > (size_t{1} << 24))
    context.refuse(Reason::too_large, "it counts more than 2^24 elements");
  return cast(context, x, real);
}

void give(Context& context, OperandId value) { context.result(cast(context, value, context.result_type().type)); }

void lower_mean(Context& context) { give(context, reduced(context, Op::MEAN, addends(context))); }
void lower_sum(Context& context) { give(context, reduced(context, Op::REDUCE_SUM, addends(context))); }
void lower_prod(Context& context) { give(context, reduced(context, Op::REDUCE_PROD, addends(context))); }

void lower_count_nonzero(Context& context) {
  OperandId counted = cast(context, cast(context, context.tensor("self"), boolean), real);
  give(context, reduced(context, Op::REDUCE_SUM, counted));
}

// --- Extremes.

/// The greatest of bools is whether any is true.
OperandId extreme(Context& context, OperationType operation, const Dimensions& dimensions, bool keep) {
  OperandId x = context.tensor("self");
  if (context.type(x).type != boolean) return reduced(context, operation, x, dimensions, keep);
  return cast(context, reduced(context, operation, cast(context, x, real), dimensions, keep), boolean);
}

/// ARGMAX and ARGMIN drop their dimension; a tensor of rank 1 gets another before it, so that one stays.
OperandId place_of_extreme(Context& context, OperationType operation, OperandId x, uint32_t dimension, bool keep) {
  if (context.type(x).type == boolean) x = cast(context, x, real);
  Shape shape = context.shape(x);
  if (shape.size() == 1) {
    x = reshaped(context, x, {1, shape[0]});
    dimension = 1;
  }
  TensorType output{integer, context.shape(x), {}};
  output.shape.erase(output.shape.begin() + dimension);
  OperandId places = context.emit(operation, {{"input", x}, {"axis", static_cast<int32_t>(dimension)}}, output);
  if (!keep || shape.size() == 1) return places;
  shape[dimension] = 1;
  return reshaped(context, places, shape);
}

template <OperationType reduction>
void lower_extreme(Context& context) {
  context.result(extreme(context, reduction, reduced_dimensions(context), keeps_dimensions(context)));
}

/// max and min: of all elements, along a dimension with the places, or of two tensors.
template <OperationType reduction, OperationType place, OperationType of_two>
void lower_max(Context& context) {
  if (context.has("other")) {
    OperandType type = context.result_type().type;
    OperandId self = argument(context, "self", type), other = argument(context, "other", type);
    if (type == boolean)
      return context.result(context.binary(of_two == Op::MAXIMUM ? Op::LOGICAL_OR : Op::LOGICAL_AND, self, other));
    return context.result(context.binary(of_two, self, other));
  }
  if (!context.has("dim")) return lower_extreme<reduction>(context);
  Dimensions dimensions = reduced_dimensions(context);
  bool keep = keeps_dimensions(context);
  if (context.is_used(0)) context.result(0, extreme(context, reduction, dimensions, keep));
  if (context.is_used(1))
    context.result(1, place_of_extreme(context, place, context.tensor("self"), dimensions.front(), keep));
}

void lower_aminmax(Context& context) {
  Dimensions dimensions = reduced_dimensions(context);
  bool keep = keeps_dimensions(context);
  context.result(0, extreme(context, Op::REDUCE_MIN, dimensions, keep));
  context.result(1, extreme(context, Op::REDUCE_MAX, dimensions, keep));
}

template <OperationType operation>
void lower_place_of_extreme(Context& context) {
  OperandId x = context.tensor("self");
  if (!context.is_none("dim"))
    return context.result(
        place_of_extreme(context, operation, x, reduced_dimensions(context).front(), keeps_dimensions(context)));
  OperandId flat = reshaped(context, x, {static_cast<uint32_t>(graph::element_count(context.shape(x)))});
  OperandId place = place_of_extreme(context, operation, flat, 0, false);
  context.result(reshaped(context, place, context.result_type().shape));
}

// --- Any and all.

template <OperationType operation>
void lower_any_or_all(Context& context) {
  OperandId truths = cast(context, context.tensor("self"), boolean);
  Dimensions dimensions = reduced_dimensions(context);
  bool keep = keeps_dimensions(context);
  bool directly = context.rank(truths) <= 4 && (keep || dimensions.size() < context.rank(truths));
  if (directly) return context.result(emit_reduction(context, operation, truths, dimensions, keep));
  // No RESHAPE takes BOOL8: as numbers the greatest, or the least, says the same.
  OperationType of_numbers = operation == Op::REDUCE_ANY ? Op::REDUCE_MAX : Op::REDUCE_MIN;
  OperandId number = reduced(context, of_numbers, cast(context, truths, real), dimensions, keep);
  context.result(cast(context, number, boolean));
}

// --- Variances.

struct Moments {
  OperandId mean;
  OperandId variance;
};

/// Both with their dimensions kept.
Moments moments(Context& context) {
  OperandId x = self_as_result(context);
  Dimensions dimensions = reduced_dimensions(context);
  double correction = 1;
  if (context.has("correction")) correction = context.number_or("correction", 1);
  if (context.has("unbiased")) correction = context.boolean("unbiased") ? 1 : 0;
  OperandId mean = reduced(context, Op::MEAN, x, dimensions, true);
  OperandId squares = square(context, context.binary(Op::SUB, x, mean));
  OperandId variance = reduced(context, Op::MEAN, squares, dimensions, true);
  auto count = static_cast<double>(reduced_count(context, x, dimensions));
  if (correction != 0) variance = context.binary(Op::MUL, variance, count / std::max(count - correction, 0.0));
  return {mean, variance};
}

void lower_variance(Context& context) {
  context.result(reshaped(context, moments(context).variance, context.result_type().shape));
}

void lower_deviation(Context& context) {
  OperandId variance = reshaped(context, moments(context).variance, context.result_type().shape);
  context.result(context.unary(Op::SQRT, variance));
}

template <bool deviation>
void lower_variance_and_mean(Context& context) {
  Moments both = moments(context);
  OperandId spread = deviation ? context.unary(Op::SQRT, both.variance) : both.variance;
  context.result(0, reshaped(context, spread, context.result_type(0).shape));
  context.result(1, reshaped(context, both.mean, context.result_type(1).shape));
}

// --- Norms.

OperandId norm(Context& context, double order) {
  OperandId x = self_as_result(context);
  if (order == 2) return context.unary(Op::SQRT, reduced(context, Op::REDUCE_SUM, square(context, x)));
  OperandId magnitude = context.unary(Op::ABS, x);
  if (order == 1) return reduced(context, Op::REDUCE_SUM, magnitude);
  if (std::isinf(order)) return reduced(context, order > 0 ? Op::REDUCE_MAX : Op::REDUCE_MIN, magnitude);
  if (order == 0) {
    OperandId present = cast(context, cast(context, x, boolean), real);
    return reduced(context, Op::REDUCE_SUM, present);
  }
  OperandId powers = reduced(context, Op::REDUCE_SUM, context.binary(Op::POW, magnitude, order));
  return context.binary(Op::POW, powers, 1 / order);
}

void lower_norm(Context& context) { context.result(norm(context, context.number_or("p", 2))); }
void lower_vector_norm(Context& context) { context.result(norm(context, context.number_or("ord", 2))); }
void lower_frobenius_norm(Context& context) { context.result(norm(context, 2)); }

/// linalg_norm and linalg_matrix_norm: of vectors by any order, of matrices by Frobenius.
void lower_linalg_norm(Context& context) {
  const bool has_order = !context.is_none("ord");
  const torchscript::Value* given = nullptr;
  for (const auto& [name, value] : context.node().arguments)
    if (name == "ord") given = &value;
  const bool is_named = has_order && std::holds_alternative<std::string>(given->data);
  size_t dimensions = context.info("self").shape.size();
  if (!context.is_none("dim")) dimensions = context.integers("dim").size();
  if (!has_order || (is_named && context.string("ord") == "fro")) return context.result(norm(context, 2));
  if (is_named || dimensions != 1)
    context.refuse(Reason::no_counterpart, "it takes a norm of matrices by their singular values or sums",
                   "use torch.linalg.vector_norm");
  context.result(norm(context, context.number("ord")));
}

/// Each norm is bounded from below by itself, as in PyTorch 1.13.
void lower_cosine_similarity(Context& context) {
  OperandId a = context.tensor("x1"), b = context.tensor("x2");
  size_t rank = std::max(context.rank(a), context.rank(b));
  const Dimensions dimensions{Context::dimension(context.integer("dim"), rank)};
  Shape shape(rank, 1);
  for (OperandId operand : {a, b})
    for (size_t i = 0; i < context.rank(operand); ++i) {
      uint32_t& size = shape[rank - 1 - i];
      size = std::max(size, context.shape(operand)[context.rank(operand) - 1 - i]);
    }
  a = broadcast(context, a, shape);
  b = broadcast(context, b, shape);
  auto length = [&](OperandId x) {
    OperandId squares = reduced(context, Op::REDUCE_SUM, square(context, x), dimensions, false);
    return context.binary(Op::MAXIMUM, context.unary(Op::SQRT, squares), context.number("eps"));
  };
  OperandId product = reduced(context, Op::REDUCE_SUM, context.binary(Op::MUL, a, b), dimensions, false);
  context.result(context.binary(Op::DIV, product, context.binary(Op::MUL, length(a), length(b))));
}

void lower_logsumexp(Context& context) {
  OperandId x = self_as_result(context);
  Dimensions dimensions = reduced_dimensions(context);
  // Nothing overflows below the greatest; where that is infinite itself, infinity minus infinity must not arise.
  constexpr double largest = std::numeric_limits<float>::max();
  OperandId greatest = reduced(context, Op::REDUCE_MAX, x, dimensions, true);
  greatest = context.binary(Op::MINIMUM, context.binary(Op::MAXIMUM, greatest, -largest), largest);
  OperandId powers = context.unary(Op::EXP, context.binary(Op::SUB, x, greatest));
  OperandId logarithm = context.unary(Op::LOG, reduced(context, Op::REDUCE_SUM, powers, dimensions, true));
  context.result(reshaped(context, context.binary(Op::ADD, logarithm, greatest), context.result_type().shape));
}

// --- Running sums.

/// A product with a triangle of ones.
OperandId multiplied_by_triangle(Context& context, OperandId rows, uint32_t size) {
  std::vector<float> triangle(size_t{size} * size, 0);
  for (uint32_t row = 0; row < size; ++row)
    std::fill_n(triangle.begin() + static_cast<ptrdiff_t>(row) * size, row + 1, 1.0f);
  return context.emit(Op::FULLY_CONNECTED,
                      {{"input", rows},
                       {"weights", context.constant_operand(Constant::from(triangle, {size, size}))},
                       {"bias", context.constant_operand(Constant::filled(0, {size}))}},
                      context.type(rows));
}

/// Every element is combined with the one 1 before it, then 2, 4, ... before it; before the first there is `neutral`.
OperandId doubled_up(Context& context, OperationType operation, OperandId x, uint32_t dimension, double neutral) {
  const uint32_t size = context.shape(x)[dimension];
  std::vector<std::pair<int32_t, int32_t>> padding(context.rank(x), {0, 0});
  for (uint32_t shift = 1; shift < size; shift *= 2) {
    padding[dimension].first = static_cast<int32_t>(shift);
    OperandId earlier = sliced(context, x, dimension, 0, size - shift);
    x = context.binary(operation, x, padded(context, earlier, padding, neutral));
  }
  return x;
}

void lower_cumsum(Context& context) {
  OperandId x = addends(context);
  const Shape shape = context.shape(x);
  size_t rank = shape.size();
  const uint32_t dimension = Context::dimension(context.integer("dim"), rank);
  // A larger triangle would cost more in the file than the steps cost in time.
  constexpr uint32_t largest_triangle = 256;
  if (shape[dimension] > largest_triangle || context.type(x).type != real)
    return give(context, doubled_up(context, Op::ADD, x, dimension, 0));
  Permutation last_and_back = graph::identity_permutation(rank);
  std::swap(last_and_back[dimension], last_and_back[rank - 1]);
  x = context.transpose(x, last_and_back);
  const Shape turned = context.shape(x);
  uint32_t size = turned.back();
  OperandId rows = context.reshape(x, {static_cast<uint32_t>(graph::element_count(shape)) / size, size});
  OperandId sums = multiplied_by_triangle(context, rows, size);
  give(context, context.transpose(context.reshape(sums, turned), last_and_back));
}

void lower_cumprod(Context& context) {
  OperandId x = self_as_result(context);
  const uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  context.result(doubled_up(context, Op::MUL, x, dimension, 1));
}

/// The greatest, or the least, so far; its place only where it is not asked for.
template <OperationType operation>
void lower_running_extreme(Context& context) {
  OperandId x = context.tensor("self");
  if (context.type(x).type != real) context.refuse(Reason::element_type, "it compares integers or bools");
  const uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  const double neutral = operation == Op::MAXIMUM ? -INFINITY : INFINITY;
  context.result(0, doubled_up(context, operation, x, dimension, neutral));
}

/// Differences of neighbours, `n` times over.
void lower_diff(Context& context) {
  refuse_narrow_integers(context);
  OperandId x = self_as_result(context);
  if (context.type(x).type == boolean) context.refuse(Reason::element_type, "it takes differences of bools");
  if (!context.is_none("prepend") || !context.is_none("append"))
    context.refuse(Reason::argument, "it has something put before or behind", "use torch.cat before it");
  const uint32_t dimension = Context::dimension(context.integer("dim"), context.rank(x));
  for (int64_t i = 0; i < context.integer("n"); ++i) {
    const uint32_t size = context.shape(x)[dimension] - 1;
    x = context.binary(Op::SUB, sliced(context, x, dimension, 1, size), sliced(context, x, dimension, 0, size));
  }
  context.result(x);
}

/// Sums and means that leave out what is not a number.
template <bool mean>
void lower_without_nan(Context& context) {
  OperandId x = self_as_result(context);
  const Shape shape = context.shape(x);
  if (context.type(x).type != real) return lower_sum(context);
  OperandId known = context.binary(Op::EQUAL, x, x);
  OperandId sum = reduced(context, Op::REDUCE_SUM, select(context, known, x, filled(context, 0, real, shape)));
  if (!mean) return context.result(sum);
  OperandId counted = reduced(context, Op::REDUCE_SUM, cast(context, known, real));
  context.result(context.binary(Op::DIV, sum, counted));
}

constexpr std::string_view wide_integers = "integers below API 30, unless they are known to be small";
constexpr std::string_view no_places = "the places";

constexpr Lowering table[] = {
    {"aten::mean", lower_mean, "MEAN", ""},
    {"aten::sum", lower_sum, "REDUCE_SUM", wide_integers},
    {"aten::prod", lower_prod, "REDUCE_PROD", wide_integers},
    {"aten::count_nonzero", lower_count_nonzero, "NOT_EQUAL, SELECT, REDUCE_SUM", ""},
    {"aten::amax", lower_extreme<Op::REDUCE_MAX>, "REDUCE_MAX", ""},
    {"aten::amin", lower_extreme<Op::REDUCE_MIN>, "REDUCE_MIN", ""},
    {"aten::max", lower_max<Op::REDUCE_MAX, Op::ARGMAX, Op::MAXIMUM>, "REDUCE_MAX, ARGMAX, MAXIMUM", ""},
    {"aten::min", lower_max<Op::REDUCE_MIN, Op::ARGMIN, Op::MINIMUM>, "REDUCE_MIN, ARGMIN, MINIMUM", ""},
    {"aten::aminmax", lower_aminmax, "REDUCE_MIN, REDUCE_MAX", ""},
    {"aten::argmax", lower_place_of_extreme<Op::ARGMAX>, "ARGMAX", ""},
    {"aten::argmin", lower_place_of_extreme<Op::ARGMIN>, "ARGMIN", ""},
    {"aten::any", lower_any_or_all<Op::REDUCE_ANY>, "REDUCE_ANY", ""},
    {"aten::all", lower_any_or_all<Op::REDUCE_ALL>, "REDUCE_ALL", ""},
    {"aten::var", lower_variance, "MEAN, SUB, MUL", ""},
    {"aten::std", lower_deviation, "MEAN, SUB, MUL, SQRT", ""},
    {"aten::var_mean", lower_variance_and_mean<false>, "MEAN, SUB, MUL", ""},
    {"aten::std_mean", lower_variance_and_mean<true>, "MEAN, SUB, MUL, SQRT", ""},
    {"aten::norm", lower_norm, "ABS, MUL, REDUCE_SUM, SQRT, POW", ""},
    {"aten::linalg_vector_norm", lower_vector_norm, "ABS, MUL, REDUCE_SUM, SQRT, POW", ""},
    {"aten::frobenius_norm", lower_frobenius_norm, "MUL, REDUCE_SUM, SQRT", ""},
    {"aten::cosine_similarity", lower_cosine_similarity, "MUL, REDUCE_SUM, SQRT, MAXIMUM, DIV", ""},
    {"aten::logsumexp", lower_logsumexp, "REDUCE_MAX, SUB, EXP, REDUCE_SUM, LOG, ADD", ""},
    {"aten::special_logsumexp", lower_logsumexp, "REDUCE_MAX, SUB, EXP, REDUCE_SUM, LOG, ADD", ""},
    {"aten::cumsum", lower_cumsum, "FULLY_CONNECTED, PAD, ADD", wide_integers},
    {"aten::cumprod", lower_cumprod, "PAD_V2, MUL", wide_integers},
    {"aten::cummax", lower_running_extreme<Op::MAXIMUM>, "PAD_V2, MAXIMUM", no_places},
    {"aten::cummin", lower_running_extreme<Op::MINIMUM>, "PAD_V2, MINIMUM", no_places},
    {"aten::diff", lower_diff, "SLICE, SUB", "prepend, append"},
    {"aten::nansum", lower_without_nan<false>, "EQUAL, SELECT, REDUCE_SUM", ""},
    {"aten::nanmean", lower_without_nan<true>, "EQUAL, SELECT, REDUCE_SUM, DIV", ""},
    {"aten::linalg_norm", lower_linalg_norm, "ABS, MUL, REDUCE_SUM, SQRT, POW", "norms of matrices but Frobenius'"},
    {"aten::linalg_matrix_norm", lower_linalg_norm, "MUL, REDUCE_SUM, SQRT", "norms of matrices but Frobenius'"},
};

}  // namespace

Span<const Lowering> reduction_lowerings() { return table; }

}  // namespace passerelle::lowering
