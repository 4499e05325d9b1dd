// Reductions along dimensions: sums, means, extremes, variances.
#include <algorithm>
#include <cmath>
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

OperandId addends(Context& context) {
  OperandId x = context.tensor("self");
  if (context.result_type().type == real) return cast(context, x, real);
  if (context.type(x).type != boolean) return x;
  if (graph::element_count(context.shape(x)) > (size_t{1} << 24))
    context.refuse(Reason::too_large, "it counts more than 2^24 elements");
  return cast(context, x, real);
}

void give(Context& context, OperandId value) { context.result(cast(context, value, context.result_type().type)); }

namespace {

// --- Sums, means, products.

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
    {"aten::logsumexp", lower_logsumexp, "REDUCE_MAX, SUB, EXP, REDUCE_SUM, LOG, ADD", ""},
    {"aten::special_logsumexp", lower_logsumexp, "REDUCE_MAX, SUB, EXP, REDUCE_SUM, LOG, ADD", ""},
    {"aten::nansum", lower_without_nan<false>, "EQUAL, SELECT, REDUCE_SUM", ""},
    {"aten::nanmean", lower_without_nan<true>, "EQUAL, SELECT, REDUCE_SUM, DIV", ""},
};

}  // namespace

Span<const Lowering> reduction_lowerings() { return table; }

}  // namespace passerelle::lowering
