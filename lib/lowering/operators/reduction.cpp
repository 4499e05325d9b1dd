// Reductions along dimensions: sums, means, extremes, variances.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"
#include "reduction.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

constexpr OperandType real = OperandType::TENSOR_FLOAT32;
constexpr OperandType integer = OperandType::TENSOR_INT32;
constexpr OperandType boolean = OperandType::TENSOR_BOOL8;

bool keeps_dimensions(Context& context) { return context.has("keepdim") && context.boolean("keepdim"); }

size_t reduced_count(Context& context, Value x, const Dimensions& dimensions) {
  size_t count = 1;
  for (uint32_t dimension : dimensions) count *= x.shape()[dimension];
  return count;
}

Shape kept_shape(Context& context, Value x, const Dimensions& dimensions) {
  Shape shape = x.shape();
  for (uint32_t dimension : dimensions) shape[dimension] = 1;
  return shape;
}

/// Beyond rank 4: each run of adjacent dimensions by itself, as the middle one of three.
Value reduced_by_runs(Context& context, OperationType operation, Value x, const Dimensions& dimensions) {
  const Shape shape = x.shape();
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
    x = reduce(operation, x, {1}, false);
    rank = first;
    end = begin;
  }
  return x;
}

}  // namespace

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

Value reduced(Context& context, OperationType operation, Value x, const Dimensions& dimensions, bool keep) {
  Shape shape = kept_shape(context, x, dimensions);
  if (x.rank() > 4) {
    x = reduced_by_runs(context, operation, x, dimensions);
  } else {
    bool all = dimensions.size() == x.rank();
    x = reduce(operation, x, dimensions, keep || all);
  }
  if (!keep) {
    for (size_t i = dimensions.size(); i-- > 0;) shape.erase(shape.begin() + dimensions[i]);
    if (shape.empty()) shape.push_back(1);
  }
  return reshaped(context, x, shape);
}

Value reduced(Context& context, OperationType operation, Value x) {
  return reduced(context, operation, x, reduced_dimensions(context), keeps_dimensions(context));
}

Value addends(Context& context) {
  Value x = context.tensor("self");
  if (context.result_type().type == real) return cast(context, x, real);
  if (x.element_type() != boolean) return x;
  if (graph::element_count(x.shape()) > (size_t{1} << 24))
    context.refuse(Reason::too_large, "it counts more than 2^24 elements");
  return cast(context, x, real);
}

void give(Context& context, Value value) { context.result(cast(context, value, context.result_type().type)); }

namespace {

// --- Sums, means, products.

void lower_mean(Context& context) { give(context, reduced(context, Op::MEAN, addends(context))); }
void lower_sum(Context& context) { give(context, reduced(context, Op::REDUCE_SUM, addends(context))); }
void lower_prod(Context& context) { give(context, reduced(context, Op::REDUCE_PROD, addends(context))); }

void lower_count_nonzero(Context& context) {
  Value counted = cast(context, cast(context, context.tensor("self"), boolean), real);
  give(context, reduced(context, Op::REDUCE_SUM, counted));
}

// --- Extremes.

/// The greatest of bools is whether any is true.
Value extreme(Context& context, OperationType operation, const Dimensions& dimensions, bool keep) {
  Value x = context.tensor("self");
  if (x.element_type() != boolean) return reduced(context, operation, x, dimensions, keep);
  return cast(context, reduced(context, operation, cast(context, x, real), dimensions, keep), boolean);
}

/// ARGMAX and ARGMIN drop their dimension; a tensor of rank 1 gets another before it, so that one stays.
Value place_of_extreme(Context& context, OperationType operation, Value x, uint32_t dimension, bool keep) {
  if (x.element_type() == boolean) x = cast(context, x, real);
  Shape shape = x.shape();
  if (shape.size() == 1) {
    x = reshaped(context, x, {1, shape[0]});
    dimension = 1;
  }
  const Value places = context.builder().emit(operation, {{"input", x}, {"axis", static_cast<int32_t>(dimension)}});
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
    Value self = argument(context, "self", type), other = argument(context, "other", type);
    if (type == boolean)
      return context.result(binary(of_two == Op::MAXIMUM ? Op::LOGICAL_OR : Op::LOGICAL_AND, self, other));
    return context.result(binary(of_two, self, other));
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
  Value x = context.tensor("self");
  if (!context.is_none("dim"))
    return context.result(
        place_of_extreme(context, operation, x, reduced_dimensions(context).front(), keeps_dimensions(context)));
  Value flat = reshaped(context, x, {static_cast<uint32_t>(graph::element_count(x.shape()))});
  Value place = place_of_extreme(context, operation, flat, 0, false);
  context.result(reshaped(context, place, context.result_type().shape));
}

// --- Any and all.

template <OperationType operation>
void lower_any_or_all(Context& context) {
  Value truths = cast(context, context.tensor("self"), boolean);
  Dimensions dimensions = reduced_dimensions(context);
  bool keep = keeps_dimensions(context);
  bool directly = truths.rank() <= 4 && (keep || dimensions.size() < truths.rank());
  if (directly) return context.result(reduce(operation, truths, dimensions, keep));
  // No RESHAPE takes BOOL8: as numbers the greatest, or the least, says the same.
  OperationType of_numbers = operation == Op::REDUCE_ANY ? Op::REDUCE_MAX : Op::REDUCE_MIN;
  Value number = reduced(context, of_numbers, cast(context, truths, real), dimensions, keep);
  context.result(cast(context, number, boolean));
}

// --- Variances.

struct Moments {
  Value mean;
  Value variance;
};

/// Both with their dimensions kept.
Moments moments(Context& context) {
  Value x = self_as_result(context);
  Dimensions dimensions = reduced_dimensions(context);
  double correction = 1;
  if (context.has("correction")) correction = context.number_or("correction", 1);
  if (context.has("unbiased")) correction = context.boolean("unbiased") ? 1 : 0;
  Value mean = reduced(context, Op::MEAN, x, dimensions, true);
  Value squares = square(x - mean);
  Value variance = reduced(context, Op::MEAN, squares, dimensions, true);
  auto count = static_cast<double>(reduced_count(context, x, dimensions));
  if (correction != 0) variance = variance * (count / std::max(count - correction, 0.0));
  return {mean, variance};
}

void lower_variance(Context& context) {
  context.result(reshaped(context, moments(context).variance, context.result_type().shape));
}

void lower_deviation(Context& context) {
  Value variance = reshaped(context, moments(context).variance, context.result_type().shape);
  context.result(sqrt(variance));
}

template <bool deviation>
void lower_variance_and_mean(Context& context) {
  Moments both = moments(context);
  Value spread = deviation ? sqrt(both.variance) : both.variance;
  context.result(0, reshaped(context, spread, context.result_type(0).shape));
  context.result(1, reshaped(context, both.mean, context.result_type(1).shape));
}

void lower_logsumexp(Context& context) {
  Value x = self_as_result(context);
  Dimensions dimensions = reduced_dimensions(context);
  // Nothing overflows below the greatest; where that is infinite itself, infinity minus infinity must not arise.
  constexpr double largest = std::numeric_limits<float>::max();
  Value greatest = reduced(context, Op::REDUCE_MAX, x, dimensions, true);
  greatest = min(max(greatest, -largest), largest);
  Value powers = exp(x - greatest);
  Value logarithm = log(reduced(context, Op::REDUCE_SUM, powers, dimensions, true));
  context.result(reshaped(context, logarithm + greatest, context.result_type().shape));
}

/// Sums and means that leave out what is not a number.
template <bool mean>
void lower_without_nan(Context& context) {
  Value x = self_as_result(context);
  const Shape shape = x.shape();
  if (x.element_type() != real) return lower_sum(context);
  Value known = equal(x, x);
  Value sum = reduced(context, Op::REDUCE_SUM, select(context, known, x, filled(context, 0, real, shape)));
  if (!mean) return context.result(sum);
  Value counted = reduced(context, Op::REDUCE_SUM, cast(context, known, real));
  context.result(sum / counted);
}

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
    {"aten::_is_any_true", lower_any_or_all<Op::REDUCE_ANY>, "REDUCE_ANY", ""},
    {"aten::_is_all_true", lower_any_or_all<Op::REDUCE_ALL>, "REDUCE_ALL", ""},
    {"aten::var", lower_variance, "MEAN, SUB, MUL", ""},
    {"aten::std", lower_deviation, "MEAN, SUB, MUL, SQRT", ""},
    {"aten::var_mean", lower_variance_and_mean<false>, "MEAN, SUB, MUL", ""},
    {"aten::std_mean", lower_variance_and_mean<true>, "MEAN, SUB, MUL, SQRT", ""},
    {"aten::logsumexp", lower_logsumexp, "REDUCE_MAX, SUB, EXP, REDUCE_SUM, LOG, ADD", ""},
    {"aten::special_logsumexp", lower_logsumexp, "REDUCE_MAX, SUB, EXP, REDUCE_SUM, LOG, ADD", ""},
    {"aten::nansum", lower_without_nan<false>, "EQUAL, SELECT, REDUCE_SUM", ""},
    {"aten::nanmean", lower_without_nan<true>, "EQUAL, SELECT, REDUCE_SUM, DIV", ""},
};

}  // namespace

Span<const Lowering> reduction_lowerings() { return table; }

}  // namespace passerelle::lowering
