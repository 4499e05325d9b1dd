// Running sums, products and extremes, and the differences of neighbours.
#include <algorithm>
#include <cmath>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "reduction.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

constexpr OperandType real = OperandType::TENSOR_FLOAT32;
constexpr OperandType boolean = OperandType::TENSOR_BOOL8;

/// A product with a triangle of ones.
Value multiplied_by_triangle(Context& context, Value rows, uint32_t size) {
  std::vector<float> triangle(size_t{size} * size, 0);
  for (uint32_t row = 0; row < size; ++row)
    std::fill_n(triangle.begin() + static_cast<ptrdiff_t>(row) * size, row + 1, 1.0f);
  return fully_connected(rows, context.constant_operand(Constant::from(triangle, {size, size})),
                         context.constant_operand(Constant::filled(0, {size})));
}

/// Every element is combined with the one 1 before it, then 2, 4, ... before it; before the first there is `neutral`.
Value doubled_up(Context& context, OperationType operation, Value x, uint32_t dimension, double neutral) {
  const uint32_t size = x.shape()[dimension];
  std::vector<std::pair<int32_t, int32_t>> padding(x.rank(), {0, 0});
  for (uint32_t shift = 1; shift < size; shift *= 2) {
    padding[dimension].first = static_cast<int32_t>(shift);
    Value earlier = sliced(context, x, dimension, 0, size - shift);
    x = binary(operation, x, padded(context, earlier, padding, neutral));
  }
  return x;
}

void lower_cumsum(Context& context) {
  Value x = addends(context);
  const Shape shape = x.shape();
  size_t rank = shape.size();
  const uint32_t dimension = Context::dimension(context.integer("dim"), rank);
  // A larger triangle would cost more in the file than the steps cost in time.
  constexpr uint32_t largest_triangle = 256;
  if (shape[dimension] > largest_triangle || x.element_type() != real)
    return give(context, doubled_up(context, Op::ADD, x, dimension, 0));
  Permutation last_and_back = graph::identity_permutation(rank);
  std::swap(last_and_back[dimension], last_and_back[rank - 1]);
  x = transpose(x, last_and_back);
  const Shape turned = x.shape();
  uint32_t size = turned.back();
  Value rows = reshape(x, {static_cast<uint32_t>(graph::element_count(shape)) / size, size});
  Value sums = multiplied_by_triangle(context, rows, size);
  give(context, transpose(reshape(sums, turned), last_and_back));
}

void lower_cumprod(Context& context) {
  Value x = self_as_result(context);
  const uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  context.result(doubled_up(context, Op::MUL, x, dimension, 1));
}

/// The greatest, or the least, so far; its place only where it is not asked for.
template <OperationType operation>
void lower_running_extreme(Context& context) {
  Value x = context.tensor("self");
  if (x.element_type() != real) context.refuse(Reason::element_type, "it compares integers or bools");
  const uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  const double neutral = operation == Op::MAXIMUM ? -INFINITY : INFINITY;
  context.result(0, doubled_up(context, operation, x, dimension, neutral));
}

/// Differences of neighbours, `n` times over.
void lower_diff(Context& context) {
  refuse_narrow_integers(context);
  Value x = self_as_result(context);
  if (x.element_type() == boolean) context.refuse(Reason::element_type, "it takes differences of bools");
  if (!context.is_none("prepend") || !context.is_none("append"))
    context.refuse(Reason::argument, "it has something put before or behind", "use torch.cat before it");
  const uint32_t dimension = Context::dimension(context.integer("dim"), x.rank());
  for (int64_t i = 0; i < context.integer("n"); ++i) {
    const uint32_t size = x.shape()[dimension] - 1;
    x = sliced(context, x, dimension, 1, size) - sliced(context, x, dimension, 0, size);
  }
  context.result(x);
}

constexpr std::string_view no_places = "the places";

constexpr Lowering table[] = {
    {"aten::cumsum", lower_cumsum, "FULLY_CONNECTED, PAD, ADD", wide_integers},
    {"aten::cumprod", lower_cumprod, "PAD_V2, MUL", wide_integers},
    {"aten::cummax", lower_running_extreme<Op::MAXIMUM>, "PAD_V2, MAXIMUM", no_places},
    {"aten::cummin", lower_running_extreme<Op::MINIMUM>, "PAD_V2, MINIMUM", no_places},
    {"aten::diff", lower_diff, "SLICE, SUB", "prepend, append"},
};

}  // namespace

Span<const Lowering> cumulative_lowerings() { return table; }

}  // namespace passerelle::lowering
