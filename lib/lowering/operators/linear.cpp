// Matrix products and linear layers.
#include <optional>

#include "families.h"
#include "layers.h"
#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

uint32_t last(const Shape& shape) { return shape.back(); }

Shape with_last(Shape shape, uint32_t size) {
  shape.back() = size;
  return shape;
}

}  // namespace

Value zero_bias(Context& c, uint32_t size) { return c.constant_operand(Constant::filled(0, {size})); }

Value fully_connected(Context& c, Value input, Value weights, Value bias, const graph::Quantization& quantization) {
  const Shape shape = input.shape();
  const uint32_t size = last(shape);
  const uint32_t outputs = weights.shape()[0];
  const auto batch = static_cast<uint32_t>(graph::element_count(shape) / size);
  const Value result = graph::fully_connected(reshape(input, {batch, size}), weights, bias).at(quantization);
  return reshape(result, with_last(shape, outputs));
}

namespace {

Value transposed(Context& c, Value matrix) {
  Permutation permutation = graph::identity_permutation(matrix.rank());
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return transpose(matrix, permutation);
}

// --- Products of computed matrices.

/// Repeats dimensions of size 1, so that both factors of a product have the same batches.
Value repeated_to(Context& c, Value value, const Shape& shape) {
  if (value.shape() == shape) return value;
  if (value.is_constant()) return c.constant_operand(value.constant()->broadcast_to(shape));
  std::vector<int32_t> multiples;
  for (size_t i = 0; i < shape.size(); ++i) multiples.push_back(static_cast<int32_t>(shape[i] / value.shape()[i]));
  return tile(value, multiples);
}

/// [.., m, k] x [.., k, n], with NumPy's broadcasting of the batches. BATCH_MATMUL itself broadcasts nothing.
Value batch_product(Context& c, Value a, Value b) {
  const size_t rank = std::max(a.rank(), b.rank());
  a = raised(a, rank);
  b = raised(b, rank);
  Shape a_shape = a.shape(), b_shape = b.shape();
  for (size_t i = 0; i + 2 < rank; ++i) a_shape[i] = b_shape[i] = std::max(a_shape[i], b_shape[i]);
  return batch_matmul(repeated_to(c, a, a_shape), repeated_to(c, b, b_shape));
}

/// Whether all batches have the same matrix, which is constant.
bool is_constant_matrix(Context& c, Value value) {
  const Shape& shape = value.shape();
  return value.is_constant() &&
         graph::element_count(shape) == size_t{shape[shape.size() - 2]} * shape[shape.size() - 1];
}

Value as_matrix(Context& c, Value value) {
  const Shape shape = value.shape();
  return reshape(value, {shape[shape.size() - 2], shape[shape.size() - 1]});
}

}  // namespace

Value matrix_product(Context& c, Value a, Value b) {
  if (is_constant_matrix(c, b))
    return fully_connected(c, a, transposed(c, as_matrix(c, b)), zero_bias(c, last(b.shape())));
  if (is_constant_matrix(c, a)) {
    if (b.rank() == 2) return fully_connected(c, as_matrix(c, a), transposed(c, b), zero_bias(c, last(b.shape())));
    const Value weights = as_matrix(c, a);
    return transposed(c, fully_connected(c, transposed(c, b), weights, zero_bias(c, weights.shape()[0])));
  }
  if (b.rank() == 2 && a.rank() > 2) {
    // All batches share the second factor, so that they are rows of one product.
    const Shape shape = a.shape();
    const auto rows = static_cast<uint32_t>(graph::element_count(shape) / last(shape));
    const Value result = batch_product(c, reshape(a, {rows, last(shape)}), b);
    return reshape(result, with_last(shape, last(b.shape())));
  }
  return batch_product(c, a, b);
}

namespace {

/// torch.matmul: a vector on the left is a row, on the right a column.
void bind_product(Context& c, Value a, Value b) {
  if (a.rank() == 1) a = reshape(a, {1, last(a.shape())});
  if (b.rank() == 1) b = reshape(b, {last(b.shape()), 1});
  c.result(reshape(matrix_product(c, a, b), c.result_type().shape));
}

void lower_matmul(Context& c) {
  for (const char* name : {"other", "mat2", "vec", "tensor"})
    if (c.has(name)) return bind_product(c, c.tensor("self"), c.tensor(name));
  check(false, "a matrix product has two factors");
}

// --- Linear layers.

/// A bias that FULLY_CONNECTED takes: `value` * factor as [size], where it is constant and the same for all rows.
std::optional<Value> constant_bias(Context& c, Value value, double factor, uint32_t size) {
  if (!value.is_constant()) return std::nullopt;
  const Shape shape = value.shape();
  const size_t count = graph::element_count(shape);
  if (count != 1 && (count != size || last(shape) != size)) return std::nullopt;
  std::vector<float> values = value.constant()->floats();
  values.resize(size, values.front());
  for (float& element : values) element = static_cast<float>(element * factor);
  return c.constant_operand(Constant::from(std::move(values), {size}));
}

Value scaled(Context& c, Value value, double factor) { return factor == 1 ? value : value * factor; }

void lower_linear(Context& c) {
  const Value input = c.tensor("input");
  Value weights = c.tensor("weight");
  // A weight of rank 1 is a single output, without a dimension of its own.
  if (weights.rank() == 1) weights = reshape(weights, {1, weights.shape()[0]});
  const uint32_t outputs = weights.shape()[0];
  Value bias = c.is_none("bias") ? zero_bias(c, outputs) : c.tensor("bias");
  std::optional<Value> added;
  if (bias.shape() != Shape{outputs}) {
    added = bias;
    if (std::optional<Value> folded = constant_bias(c, bias, 1, outputs)) {
      bias = *folded;
      added.reset();
    } else {
      bias = zero_bias(c, outputs);
    }
  }
  Value result = reshape(fully_connected(c, input, weights, bias), c.result_type().shape);
  if (added) result = result + *added;
  c.result(result);
}

/// beta * self + alpha * (a x b).
void bind_added_product(Context& c, Value a, Value b) {
  const double alpha = c.number_or("alpha", 1), beta = c.number_or("beta", 1);
  const Shape shape = c.result_type().shape;
  const uint32_t outputs = last(b.shape());
  const Value self = c.tensor("self");
  std::optional<Value> bias;
  if (b.is_constant() && b.rank() == 2 && alpha == 1)
    bias = beta == 0 ? zero_bias(c, outputs) : constant_bias(c, self, beta, outputs);
  if (bias) {
    c.result(reshape(fully_connected(c, a, transposed(c, b), *bias), shape));
    return;
  }
  const Value result = scaled(c, reshape(matrix_product(c, a, b), shape), alpha);
  // With beta 0 PyTorch does not read self at all.
  c.result(beta == 0 ? result : result + scaled(c, self, beta));
}

void lower_addmm(Context& c) { bind_added_product(c, c.tensor("mat1"), c.tensor("mat2")); }
void lower_baddbmm(Context& c) { bind_added_product(c, c.tensor("batch1"), c.tensor("batch2")); }

void lower_addmv(Context& c) {
  const Value vector = c.tensor("vec");
  bind_added_product(c, c.tensor("mat"), reshape(vector, {vector.shape()[0], 1}));
}

constexpr std::string_view products = "FULLY_CONNECTED; of two computed matrices: BATCH_MATMUL";

const Lowering table[] = {
    {"aten::linear", lower_linear, "FULLY_CONNECTED", ""},
    {"aten::addmm", lower_addmm, products, ""},
    {"aten::addmv", lower_addmv, products, ""},
    {"aten::baddbmm", lower_baddbmm, products, ""},
    {"aten::bmm", lower_matmul, products, ""},
    {"aten::dot", lower_matmul, products, ""},
    {"aten::matmul", lower_matmul, products, ""},
    {"aten::mm", lower_matmul, products, ""},
    {"aten::mv", lower_matmul, products, ""},
};

}  // namespace

Span<const Lowering> linear_lowerings() { return table; }

}  // namespace passerelle::lowering
