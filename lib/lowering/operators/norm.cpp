// Norms of vectors and matrices, and the cosine between vectors.
#include <algorithm>
#include <cmath>
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
constexpr OperandType boolean = OperandType::TENSOR_BOOL8;

Value norm(Context& context, double order) {
  Value x = self_as_result(context);
  if (order == 2) return sqrt(reduced(context, Op::REDUCE_SUM, square(x)));
  Value magnitude = abs(x);
  if (order == 1) return reduced(context, Op::REDUCE_SUM, magnitude);
  if (std::isinf(order)) return reduced(context, order > 0 ? Op::REDUCE_MAX : Op::REDUCE_MIN, magnitude);
  if (order == 0) {
    Value present = cast(context, cast(context, x, boolean), real);
    return reduced(context, Op::REDUCE_SUM, present);
  }
  Value powers = reduced(context, Op::REDUCE_SUM, pow(magnitude, order));
  return pow(powers, 1 / order);
}

void lower_norm(Context& context) { context.result(norm(context, context.number_or("p", 2))); }
void lower_vector_norm(Context& context) { context.result(norm(context, context.number_or("ord", 2))); }
void lower_frobenius_norm(Context& context) { context.result(norm(context, 2)); }

/// linalg_norm and linalg_matrix_norm: of vectors by any order, of matrices by Frobenius.
void lower_linalg_norm(Context& context) {
  const bool has_order = !context.is_none("ord");
  const trace::Value* given = nullptr;
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
  Value a = context.tensor("x1"), b = context.tensor("x2");
  size_t rank = std::max(a.rank(), b.rank());
  const Dimensions dimensions{Context::dimension(context.integer("dim"), rank)};
  Shape shape(rank, 1);
  for (Value operand : {a, b})
    for (size_t i = 0; i < operand.rank(); ++i) {
      uint32_t& size = shape[rank - 1 - i];
      size = std::max(size, operand.shape()[operand.rank() - 1 - i]);
    }
  a = broadcast(context, a, shape);
  b = broadcast(context, b, shape);
  auto length = [&](Value x) {
    Value squares = reduced(context, Op::REDUCE_SUM, square(x), dimensions, false);
    return max(sqrt(squares), context.number("eps"));
  };
  Value product = reduced(context, Op::REDUCE_SUM, a * b, dimensions, false);
  context.result(product / (length(a) * length(b)));
}

constexpr Lowering table[] = {
    {"aten::norm", lower_norm, "ABS, MUL, REDUCE_SUM, SQRT, POW", ""},
    {"aten::linalg_vector_norm", lower_vector_norm, "ABS, MUL, REDUCE_SUM, SQRT, POW", ""},
    {"aten::frobenius_norm", lower_frobenius_norm, "MUL, REDUCE_SUM, SQRT", ""},
    {"aten::linalg_norm", lower_linalg_norm, "ABS, MUL, REDUCE_SUM, SQRT, POW", "norms of matrices but Frobenius'"},
    {"aten::linalg_matrix_norm", lower_linalg_norm, "MUL, REDUCE_SUM, SQRT", "norms of matrices but Frobenius'"},
    {"aten::cosine_similarity", lower_cosine_similarity, "MUL, REDUCE_SUM, SQRT, MAXIMUM, DIV", ""},
};

}  // namespace

Span<const Lowering> norm_lowerings() { return table; }

}  // namespace passerelle::lowering
