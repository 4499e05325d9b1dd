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

uint32_t count_of(Context& c, OperandId value) { return static_cast<uint32_t>(graph::element_count(c.shape(value))); }

/// The last dimension's sum; the dimension goes.
OperandId summed_last(Context& c, OperandId value) {
  TensorType output = c.type(value);
  const auto axis = static_cast<int32_t>(output.shape.size()) - 1;
  const bool only = axis == 0;
  if (only)
    output.shape = {1};
  else
    output.shape.pop_back();
  return c.emit(Op::REDUCE_SUM,
                {{"input", value}, {"axes", c.constant_operand(Constant::list({axis}))}, {"keep_dims", only}},
                std::move(output));
}

void require_real(Context& c, OperandId value) {
  if (c.type(value).type != OperandType::TENSOR_FLOAT32)
    c.refuse(Reason::element_type, "it multiplies matrices of integers, which NNAPI does not",
             "convert them with .float() first");
}

// --- Outer and inner products.

OperandId outer(Context& c, OperandId column, OperandId row) {
  column = reshaped(c, column, {count_of(c, column), 1});
  return c.binary(Op::MUL, column, reshaped(c, row, {1, count_of(c, row)}));
}

OperandId argument_as_result(Context& c, const char* name) { return argument(c, name, c.result_type().type); }

void lower_outer(Context& c) {
  refuse_narrow_integers(c);
  c.result(outer(c, argument_as_result(c, "self"), argument_as_result(c, "vec2")));
}

/// beta * self + alpha * what was multiplied. With beta 0 PyTorch does not read self at all.
void bind_sum(Context& c, OperandId product) {
  const double alpha = c.number_or("alpha", 1), beta = c.number_or("beta", 1);
  if (alpha != 1) product = c.binary(Op::MUL, product, alpha);
  if (beta == 0) return c.result(product);
  OperandId self = argument_as_result(c, "self");
  if (beta != 1) self = c.binary(Op::MUL, self, beta);
  c.result(c.binary(Op::ADD, product, self));
}

void lower_addr(Context& c) {
  refuse_narrow_integers(c);
  bind_sum(c, outer(c, argument_as_result(c, "vec1"), argument_as_result(c, "vec2")));
}

/// The sum of the products of a batch is one product: the batches lie beside one another.
void lower_addbmm(Context& c) {
  const OperandId a = c.tensor("batch1"), b = c.tensor("batch2");
  require_real(c, a);
  const Shape left = c.shape(a), right = c.shape(b);
  const OperandId rows = c.reshape(c.transpose(a, {1, 0, 2}), {left[1], left[0] * left[2]});
  bind_sum(c, matrix_product(c, rows, c.reshape(b, {right[0] * right[1], right[2]})));
}

/// Along the last dimensions of both.
void lower_inner(Context& c) {
  const OperandId a = c.tensor("self"), b = c.tensor("other");
  require_real(c, a);
  const Shape shape = c.result_type().shape;
  if (c.info("self").shape.empty() || c.info("other").shape.empty())
    return c.result(c.reshape(c.binary(Op::MUL, a, b), shape));
  const uint32_t size = c.shape(a).back();
  const OperandId left = c.reshape(a, {count_of(c, a) / size, size}),
                  right = c.reshape(b, {count_of(c, b) / size, size});
  c.result(c.reshape(matrix_product(c, left, c.transpose(right, {1, 0})), shape));
}

void lower_tensordot(Context& c) {
  const OperandId a = c.tensor("self"), b = c.tensor("other");
  require_real(c, a);
  std::vector<uint32_t> from_a, from_b;
  for (int64_t dimension : c.integers("dims_self")) from_a.push_back(Context::dimension(dimension, c.rank(a)));
  for (int64_t dimension : c.integers("dims_other")) from_b.push_back(Context::dimension(dimension, c.rank(b)));
  const auto free_dimensions = [&](OperandId value, const std::vector<uint32_t>& contracted) {
    Permutation free;
    for (uint32_t i = 0; i < c.rank(value); ++i)
      if (std::find(contracted.begin(), contracted.end(), i) == contracted.end()) free.push_back(i);
    return free;
  };
  uint32_t size = 1;
  for (size_t i = 0; i < from_a.size(); ++i) {
    if (c.shape(a)[from_a[i]] != c.shape(b)[from_b[i]])
      c.refuse(Reason::argument, "it broadcasts a dimension of size 1", "expand the operand before");
    size *= c.shape(a)[from_a[i]];
  }
  Permutation rows_first = free_dimensions(a, from_a);
  rows_first.insert(rows_first.end(), from_a.begin(), from_a.end());
  Permutation columns_last(from_b.begin(), from_b.end());
  const Permutation free = free_dimensions(b, from_b);
  columns_last.insert(columns_last.end(), free.begin(), free.end());
  const OperandId left = c.reshape(c.transpose(a, rows_first), {count_of(c, a) / size, size});
  const OperandId right = c.reshape(c.transpose(b, columns_last), {size, count_of(c, b) / size});
  c.result(c.reshape(matrix_product(c, left, right), c.result_type().shape));
}

/// Each element of the first tensor times the whole second one.
void lower_kron(Context& c) {
  refuse_narrow_integers(c);
  const OperandId a = argument_as_result(c, "self"), b = argument_as_result(c, "other");
  const size_t rank = std::max(c.rank(a), c.rank(b));
  const auto interleaved = [&](OperandId value, bool first) {
    Shape shape;
    for (size_t i = 0; i < rank; ++i) {
      const size_t added = rank - c.rank(value);
      const uint32_t size = i < added ? 1 : c.shape(value)[i - added];
      shape.insert(shape.end(), {first ? size : 1, first ? 1 : size});
    }
    return reshaped(c, value, shape);
  };
  const OperandId product = c.binary(Op::MUL, interleaved(a, true), interleaved(b, false));
  c.result(reshaped(c, product, c.result_type().shape));
}

/// a[1] b[2] - a[2] b[1] and so on round.
void lower_cross(Context& c) {
  refuse_narrow_integers(c);
  const Shape shape = c.result_type().shape;
  const OperandId a = broadcast(c, argument_as_result(c, "self"), shape);
  const OperandId b = broadcast(c, argument_as_result(c, "other"), shape);
  uint32_t dimension = 0;
  if (c.is_none("dim"))
    while (shape[dimension] != 3) ++dimension;
  else
    dimension = Context::dimension(c.integer("dim"), shape.size());
  const std::vector<int32_t> next{1, 2, 0}, last{2, 0, 1};
  const OperandId plus = c.binary(Op::MUL, gathered(c, a, dimension, next), gathered(c, b, dimension, last));
  const OperandId minus = c.binary(Op::MUL, gathered(c, a, dimension, last), gathered(c, b, dimension, next));
  c.result(c.binary(Op::SUB, plus, minus));
}

void lower_trace(Context& c) {
  const OperandId x = c.tensor("self");
  require_real(c, x);
  const Shape shape = c.shape(x);
  std::vector<int32_t> places;
  for (uint32_t i = 0; i < std::min(shape[0], shape[1]); ++i) places.push_back(static_cast<int32_t>(i * shape[1] + i));
  c.result(summed_last(c, gathered(c, c.reshape(x, {count_of(c, x)}), 0, places)));
}

// --- Chains and powers of matrices.

void lower_chain(Context& c) {
  std::vector<OperandId> matrices = c.tensors(c.has("matrices") ? "matrices" : "tensors");
  require_real(c, matrices.front());
  // A vector at an end is a row, or a column.
  if (c.rank(matrices.front()) == 1) matrices.front() = c.reshape(matrices.front(), {1, count_of(c, matrices.front())});
  if (c.rank(matrices.back()) == 1) matrices.back() = c.reshape(matrices.back(), {count_of(c, matrices.back()), 1});
  OperandId product = matrices.front();
  for (size_t i = 1; i < matrices.size(); ++i) product = matrix_product(c, product, matrices[i]);
  c.result(c.reshape(product, c.result_type().shape));
}

OperandId matrix_power(Context& c, OperandId matrix, int64_t exponent) {
  if (exponent == 1) return matrix;
  const OperandId half = matrix_power(c, matrix, exponent / 2);
  const OperandId even = matrix_product(c, half, half);
  return exponent % 2 == 0 ? even : matrix_product(c, even, matrix);
}

void lower_matrix_power(Context& c) {
  const OperandId matrix = c.tensor("self");
  require_real(c, matrix);
  const int64_t exponent = c.integer("n");
  if (exponent < 0) c.refuse(Reason::no_counterpart, "it inverts matrices, which NNAPI does not");
  if (exponent > 0) return c.result(matrix_power(c, matrix, exponent));
  const Shape shape = c.shape(matrix);
  const uint32_t size = shape.back();
  std::vector<float> identity(size_t{size} * size, 0.0f);
  for (uint32_t i = 0; i < size; ++i) identity[size_t{i} * (size + 1)] = 1;
  c.result(c.constant_operand(Constant::from(std::move(identity), {size, size}).broadcast_to(shape)));
}

/// sum over i and j of input1[i] weight[o, i, j] input2[j]: a linear layer of the first for each o and j, weighed.
void lower_bilinear(Context& c) {
  const OperandId a = c.tensor("input1"), b = c.tensor("input2");
  const Shape weights = c.shape(c.tensor("weight"));
  const uint32_t rows = count_of(c, a) / weights[1];
  const OperandId layer = c.reshape(c.transpose(c.tensor("weight"), {0, 2, 1}), {weights[0] * weights[2], weights[1]});
  OperandId products =
      fully_connected(c, c.reshape(a, {rows, weights[1]}), layer, zero_bias(c, weights[0] * weights[2]));
  products = c.reshape(products, {rows, weights[0], weights[2]});
  OperandId sums = summed_last(c, c.binary(Op::MUL, products, c.reshape(b, {rows, 1, weights[2]})));
  if (!c.is_none("bias")) sums = c.binary(Op::ADD, sums, c.tensor("bias"));
  c.result(c.reshape(sums, c.result_type().shape));
}

// --- Distances.

/// The norm of the last dimension, which goes.
OperandId norm_of_last(Context& c, OperandId x, double order) {
  if (order == 2) return c.unary(Op::SQRT, summed_last(c, square(c, x)));
  const OperandId magnitudes = c.unary(Op::ABS, x);
  if (order == 1) return summed_last(c, magnitudes);
  if (order == 0) {
    const OperandId present = cast(c, magnitudes, OperandType::TENSOR_BOOL8);
    return summed_last(c, cast(c, present, OperandType::TENSOR_FLOAT32));
  }
  if (std::isinf(order)) {
    const OperandId sum = summed_last(c, magnitudes);
    graph::Operation& reduction = c.graph().operations.back();
    reduction.type = Op::REDUCE_MAX;
    return sum;
  }
  const OperandId powers = summed_last(c, c.binary(Op::POW, magnitudes, order));
  return c.binary(Op::POW, powers, 1 / order);
}

void lower_pairwise_distance(Context& c) {
  const OperandId difference = c.binary(Op::ADD, c.binary(Op::SUB, c.tensor("x1"), c.tensor("x2")), c.number("eps"));
  c.result(c.reshape(norm_of_last(c, difference, c.number("p")), c.result_type().shape));
}

void lower_dist(Context& c) {
  const OperandId difference = c.binary(Op::SUB, c.tensor("self"), c.tensor("other"));
  c.result(norm_of_last(c, c.reshape(difference, {count_of(c, difference)}), c.number("p")));
}

/// Of each row of the first with each row of the second. The difference itself is squared: PyTorch's own way for many
/// rows, |a|^2 + |b|^2 - 2 a b, loses what is small.
void lower_cdist(Context& c) {
  OperandId a = c.tensor("x1"), b = c.tensor("x2");
  Shape left = c.shape(a), right = c.shape(b);
  left.insert(left.end() - 1, 1);
  right.insert(right.end() - 2, 1);
  const OperandId differences = c.binary(Op::SUB, c.reshape(a, left), c.reshape(b, right));
  c.result(c.reshape(norm_of_last(c, differences, c.number("p")), c.result_type().shape));
}

// --- Losses, which some models give as scores.

OperandId reduced_loss(Context& c, OperandId losses) {
  enum Reduction { none, mean, sum };
  const int64_t reduction = c.integer("reduction");
  if (reduction == none) return losses;
  const OperandId flat = c.reshape(losses, {count_of(c, losses)});
  const OperandId total = summed_last(c, flat);
  return reduction == sum ? total : c.binary(Op::MUL, total, 1.0 / count_of(c, losses));
}

OperandId error(Context& c) {
  const OperandType type = c.result_type().type;
  return c.binary(Op::SUB, argument(c, "self", type), argument(c, "target", type));
}

void lower_mse_loss(Context& c) { c.result(reduced_loss(c, square(c, error(c)))); }
void lower_l1_loss(Context& c) { c.result(reduced_loss(c, c.unary(Op::ABS, error(c)))); }

/// For e = |error|: half of e^2 up to `limit`, then limit * (e - limit / 2). With m = min(e, limit): m (e - m / 2).
OperandId bent_error(Context& c, double limit) {
  const OperandId magnitude = c.unary(Op::ABS, error(c));
  const OperandId bounded = c.binary(Op::MINIMUM, magnitude, limit);
  const OperandId rest = c.binary(Op::SUB, magnitude, c.binary(Op::MUL, bounded, 0.5));
  return c.binary(Op::MUL, bounded, rest);
}

void lower_huber_loss(Context& c) { c.result(reduced_loss(c, bent_error(c, c.number("delta")))); }

void lower_smooth_l1_loss(Context& c) {
  const double beta = c.number("beta");
  if (beta == 0) return lower_l1_loss(c);
  c.result(reduced_loss(c, c.binary(Op::MUL, bent_error(c, beta), 1 / beta)));
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
