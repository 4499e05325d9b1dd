// Linear algebra that is made of products: outer and inner ones, powers and chains of matrices, distances.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <vector>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"
#include "layers.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

uint32_t count_of(Context& c, Value value) { return static_cast<uint32_t>(graph::element_count(value.shape())); }

/// The last dimension goes.
Value reduced_last(OperationType reduction, Value x) {
  return reduce(reduction, x, {static_cast<uint32_t>(x.rank()) - 1}, false);
}
Value summed_last(Value x) { return reduced_last(Op::REDUCE_SUM, x); }

void require_real(Context& c, Value value) {
  if (!value.is(OperandType::TENSOR_FLOAT32))
    c.refuse(Reason::element_type, "it multiplies matrices of integers, which NNAPI does not",
             "convert them with .float() first");
}

// --- Outer and inner products.

Value outer(Context& c, Value column, Value row) {
  column = reshaped(c, column, {count_of(c, column), 1});
  return column * reshaped(c, row, {1, count_of(c, row)});
}

Value argument_as_result(Context& c, const char* name) { return argument(c, name, c.result_type().type); }

void lower_outer(Context& c) {
  refuse_narrow_integers(c);
  c.result(outer(c, argument_as_result(c, "self"), argument_as_result(c, "vec2")));
}

/// beta * self + alpha * what was multiplied. With beta 0 PyTorch does not read self at all.
void bind_sum(Context& c, Value product) {
  const double alpha = c.number_or("alpha", 1), beta = c.number_or("beta", 1);
  if (alpha != 1) product = product * alpha;
  if (beta == 0) return c.result(product);
  Value self = argument_as_result(c, "self");
  if (beta != 1) self = self * beta;
  c.result(product + self);
}

void lower_addr(Context& c) {
  refuse_narrow_integers(c);
  bind_sum(c, outer(c, argument_as_result(c, "vec1"), argument_as_result(c, "vec2")));
}

/// The sum of the products of a batch is one product: the batches lie beside one another.
void lower_addbmm(Context& c) {
  const Value a = c.tensor("batch1"), b = c.tensor("batch2");
  require_real(c, a);
  const Shape left = a.shape(), right = b.shape();
  const Value rows = reshape(transpose(a, {1, 0, 2}), {left[1], left[0] * left[2]});
  bind_sum(c, matrix_product(c, rows, reshape(b, {right[0] * right[1], right[2]})));
}

/// Along the last dimensions of both.
void lower_inner(Context& c) {
  const Value a = c.tensor("self"), b = c.tensor("other");
  require_real(c, a);
  const Shape shape = c.result_type().shape;
  if (c.info("self").shape.empty() || c.info("other").shape.empty()) return c.result(reshape(a * b, shape));
  const uint32_t size = a.shape().back();
  const Value left = reshape(a, {count_of(c, a) / size, size}), right = reshape(b, {count_of(c, b) / size, size});
  c.result(reshape(matrix_product(c, left, transpose(right, {1, 0})), shape));
}

void lower_tensordot(Context& c) {
  const Value a = c.tensor("self"), b = c.tensor("other");
  require_real(c, a);
  std::vector<uint32_t> from_a, from_b;
  for (int64_t dimension : c.integers("dims_self")) from_a.push_back(Context::dimension(dimension, a.rank()));
  for (int64_t dimension : c.integers("dims_other")) from_b.push_back(Context::dimension(dimension, b.rank()));
  const auto free_dimensions = [&](Value value, const std::vector<uint32_t>& contracted) {
    Permutation free;
    for (uint32_t i = 0; i < value.rank(); ++i)
      if (std::find(contracted.begin(), contracted.end(), i) == contracted.end()) free.push_back(i);
    return free;
  };
  uint32_t size = 1;
  for (size_t i = 0; i < from_a.size(); ++i) {
    if (a.shape()[from_a[i]] != b.shape()[from_b[i]])
      c.refuse(Reason::argument, "it broadcasts a dimension of size 1", "expand the operand before");
    size *= a.shape()[from_a[i]];
  }
  Permutation rows_first = free_dimensions(a, from_a);
  rows_first.insert(rows_first.end(), from_a.begin(), from_a.end());
  Permutation columns_last(from_b.begin(), from_b.end());
  const Permutation free = free_dimensions(b, from_b);
  columns_last.insert(columns_last.end(), free.begin(), free.end());
  const Value left = reshape(transpose(a, rows_first), {count_of(c, a) / size, size});
  const Value right = reshape(transpose(b, columns_last), {size, count_of(c, b) / size});
  c.result(reshape(matrix_product(c, left, right), c.result_type().shape));
}

/// Each element of the first tensor times the whole second one.
void lower_kron(Context& c) {
  refuse_narrow_integers(c);
  const Value a = argument_as_result(c, "self"), b = argument_as_result(c, "other");
  const size_t rank = std::max(a.rank(), b.rank());
  const auto interleaved = [&](Value value, bool first) {
    Shape shape;
    for (size_t i = 0; i < rank; ++i) {
      const size_t added = rank - value.rank();
      const uint32_t size = i < added ? 1 : value.shape()[i - added];
      shape.insert(shape.end(), {first ? size : 1, first ? 1 : size});
    }
    return reshaped(c, value, shape);
  };
  const Value product = interleaved(a, true) * interleaved(b, false);
  c.result(reshaped(c, product, c.result_type().shape));
}

/// a[1] b[2] - a[2] b[1] and so on round.
void lower_cross(Context& c) {
  refuse_narrow_integers(c);
  const Shape shape = c.result_type().shape;
  const Value a = broadcast(c, argument_as_result(c, "self"), shape);
  const Value b = broadcast(c, argument_as_result(c, "other"), shape);
  uint32_t dimension = 0;
  if (c.is_none("dim"))
    while (shape[dimension] != 3) ++dimension;
  else
    dimension = Context::dimension(c.integer("dim"), shape.size());
  const std::vector<int32_t> next{1, 2, 0}, last{2, 0, 1};
  const Value plus = gathered(c, a, dimension, next) * gathered(c, b, dimension, last);
  const Value minus = gathered(c, a, dimension, last) * gathered(c, b, dimension, next);
  c.result(plus - minus);
}

void lower_trace(Context& c) {
  const Value x = c.tensor("self");
  require_real(c, x);
  const Shape shape = x.shape();
  std::vector<int32_t> places;
  for (uint32_t i = 0; i < std::min(shape[0], shape[1]); ++i) places.push_back(static_cast<int32_t>(i * shape[1] + i));
  c.result(summed_last(gathered(c, reshape(x, {count_of(c, x)}), 0, places)));
}

// --- Chains and powers of matrices.

void lower_chain(Context& c) {
  Values matrices = c.tensors(c.has("matrices") ? "matrices" : "tensors");
  require_real(c, matrices.front());
  // A vector at an end is a row, or a column.
  if (matrices.front().rank() == 1) matrices.front() = reshape(matrices.front(), {1, count_of(c, matrices.front())});
  if (matrices.back().rank() == 1) matrices.back() = reshape(matrices.back(), {count_of(c, matrices.back()), 1});
  Value product = matrices.front();
  for (size_t i = 1; i < matrices.size(); ++i) product = matrix_product(c, product, matrices[i]);
  c.result(reshape(product, c.result_type().shape));
}

Value matrix_power(Context& c, Value matrix, int64_t exponent) {
  if (exponent == 1) return matrix;
  const Value half = matrix_power(c, matrix, exponent / 2);
  const Value even = matrix_product(c, half, half);
  return exponent % 2 == 0 ? even : matrix_product(c, even, matrix);
}

void lower_matrix_power(Context& c) {
  const Value matrix = c.tensor("self");
  require_real(c, matrix);
  const int64_t exponent = c.integer("n");
  if (exponent < 0) c.refuse(Reason::no_counterpart, "it inverts matrices, which NNAPI does not");
  if (exponent > 0) return c.result(matrix_power(c, matrix, exponent));
  const Shape shape = matrix.shape();
  const uint32_t size = shape.back();
  std::vector<float> identity(size_t{size} * size, 0.0f);
  for (uint32_t i = 0; i < size; ++i) identity[size_t{i} * (size + 1)] = 1;
  c.result(c.constant_operand(Constant::from(std::move(identity), {size, size}).broadcast_to(shape)));
}

/// sum over i and j of input1[i] weight[o, i, j] input2[j]: a linear layer of the first for each o and j, weighed.
void lower_bilinear(Context& c) {
  const Value a = c.tensor("input1"), b = c.tensor("input2");
  const Shape weights = c.tensor("weight").shape();
  const uint32_t rows = count_of(c, a) / weights[1];
  const Value layer = reshape(transpose(c.tensor("weight"), {0, 2, 1}), {weights[0] * weights[2], weights[1]});
  Value products = fully_connected(c, reshape(a, {rows, weights[1]}), layer, zero_bias(c, weights[0] * weights[2]));
  products = reshape(products, {rows, weights[0], weights[2]});
  Value sums = summed_last(products * reshape(b, {rows, 1, weights[2]}));
  if (!c.is_none("bias")) sums = sums + c.tensor("bias");
  c.result(reshape(sums, c.result_type().shape));
}

// --- Distances.

/// The norm of the last dimension, which goes.
Value norm_of_last(Context& c, Value x, double order) {
  if (order == 2) return sqrt(summed_last(square(x)));
  const Value magnitudes = abs(x);
  if (order == 1) return summed_last(magnitudes);
  if (order == 0) {
    const Value present = cast(c, magnitudes, OperandType::TENSOR_BOOL8);
    return summed_last(cast(c, present, OperandType::TENSOR_FLOAT32));
  }
  if (std::isinf(order)) return reduced_last(Op::REDUCE_MAX, magnitudes);
  const Value powers = summed_last(pow(magnitudes, order));
  return pow(powers, 1 / order);
}

void lower_pairwise_distance(Context& c) {
  const Value difference = c.tensor("x1") - c.tensor("x2") + c.number("eps");
  c.result(reshape(norm_of_last(c, difference, c.number("p")), c.result_type().shape));
}

void lower_dist(Context& c) {
  const Value difference = c.tensor("self") - c.tensor("other");
  c.result(norm_of_last(c, reshape(difference, {count_of(c, difference)}), c.number("p")));
}

/// Of each row of the first with each row of the second. The difference itself is squared: PyTorch's own way for many
/// rows, |a|^2 + |b|^2 - 2 a b, loses what is small.
void lower_cdist(Context& c) {
  Value a = c.tensor("x1"), b = c.tensor("x2");
  Shape left = a.shape(), right = b.shape();
  left.insert(left.end() - 1, 1);
  right.insert(right.end() - 2, 1);
  const Value differences = reshape(a, left) - reshape(b, right);
  c.result(reshape(norm_of_last(c, differences, c.number("p")), c.result_type().shape));
}

// --- Losses, which some models give as scores.

Value reduced_loss(Context& c, Value losses) {
  enum Reduction { none, mean, sum };
  const int64_t reduction = c.integer("reduction");
  if (reduction == none) return losses;
  const Value flat = reshape(losses, {count_of(c, losses)});
  const Value total = summed_last(flat);
  return reduction == sum ? total : total * (1.0 / count_of(c, losses));
}

Value error(Context& c) {
  const OperandType type = c.result_type().type;
  return argument(c, "self", type) - argument(c, "target", type);
}

void lower_mse_loss(Context& c) { c.result(reduced_loss(c, square(error(c)))); }
void lower_l1_loss(Context& c) { c.result(reduced_loss(c, abs(error(c)))); }

/// For e = |error|: half of e^2 up to `limit`, then limit * (e - limit / 2). With m = min(e, limit): m (e - m / 2).
Value bent_error(Context& c, double limit) {
  const Value magnitude = abs(error(c));
  const Value bounded = min(magnitude, limit);
  const Value rest = magnitude - bounded * 0.5;
  return bounded * rest;
}

void lower_huber_loss(Context& c) { c.result(reduced_loss(c, bent_error(c, c.number("delta")))); }

void lower_smooth_l1_loss(Context& c) {
  const double beta = c.number("beta");
  if (beta == 0) return lower_l1_loss(c);
  c.result(reduced_loss(c, bent_error(c, beta) * (1 / beta)));
}

constexpr std::string_view products = "FULLY_CONNECTED; of two computed matrices: BATCH_MATMUL";
constexpr std::string_view norms = "SUB, MUL, REDUCE_SUM, SQRT; other norms: ABS, REDUCE_MAX, POW";
constexpr std::string_view losses = "SUB, ABS, MUL, REDUCE_SUM";
constexpr std::string_view integers = "integers";

constexpr Lowering table[] = {
    {"aten::outer", lower_outer, "MUL", ""},
    {"aten::ger", lower_outer, "MUL", ""},
    {"aten::vdot", lower_inner, products, integers},
    {"aten::addr", lower_addr, "MUL, ADD", ""},
    {"aten::addbmm", lower_addbmm, products, integers},
    {"aten::inner", lower_inner, products, integers},
    {"aten::tensordot", lower_tensordot, products, integers},
    {"aten::kron", lower_kron, "MUL", ""},
    {"aten::cross", lower_cross, "GATHER, MUL, SUB", ""},
    {"aten::linalg_cross", lower_cross, "GATHER, MUL, SUB", ""},
    {"aten::trace", lower_trace, "GATHER, REDUCE_SUM", integers},
    {"aten::chain_matmul", lower_chain, products, integers},
    {"aten::linalg_multi_dot", lower_chain, products, integers},
    {"aten::matrix_power", lower_matrix_power, products, "negative powers"},
    {"aten::linalg_matrix_power", lower_matrix_power, products, "negative powers"},
    {"aten::bilinear", lower_bilinear, "FULLY_CONNECTED, MUL, REDUCE_SUM", ""},
    {"aten::pairwise_distance", lower_pairwise_distance, norms, ""},
    {"aten::dist", lower_dist, norms, ""},
    {"aten::cdist", lower_cdist, norms, ""},
    {"aten::mse_loss", lower_mse_loss, losses, ""},
    {"aten::l1_loss", lower_l1_loss, losses, ""},
    {"aten::huber_loss", lower_huber_loss, losses, ""},
    {"aten::smooth_l1_loss", lower_smooth_l1_loss, losses, ""},
};

}  // namespace

Span<const Lowering> product_lowerings() { return table; }

}  // namespace passerelle::lowering
