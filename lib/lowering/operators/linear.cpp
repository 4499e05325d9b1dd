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

OperandId zero_bias(Context& c, uint32_t size) { return c.constant_operand(Constant::filled(0, {size})); }

OperandId fully_connected(Context& c, OperandId input, OperandId weights, OperandId bias,
                          const graph::Quantization& quantization) {
  const Shape shape = c.shape(input);
  const uint32_t size = last(shape);
  const uint32_t outputs = c.shape(weights)[0];
  const auto batch = static_cast<uint32_t>(graph::element_count(shape) / size);
  TensorType output = c.type(input);
  output.shape = {batch, outputs};
  output.quantization = quantization;
  const OperandId result = c.emit(
      Op::FULLY_CONNECTED, {{"input", c.reshape(input, {batch, size})}, {"weights", weights}, {"bias", bias}}, output);
  return c.reshape(result, with_last(shape, outputs));
}

namespace {

OperandId transposed(Context& c, OperandId matrix) {
  Permutation permutation = graph::identity_permutation(c.rank(matrix));
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return c.transpose(matrix, permutation);
}

// --- Products of computed matrices.

/// Repeats dimensions of size 1, so that both factors of a product have the same batches.
OperandId repeated_to(Context& c, OperandId value, const Shape& shape) {
  if (c.shape(value) == shape) return value;
  if (c.graph().is_constant(value)) return c.constant_operand(c.graph()[value].constant->broadcast_to(shape));
  std::vector<int32_t> multiples;
  for (size_t i = 0; i < shape.size(); ++i) multiples.push_back(static_cast<int32_t>(shape[i] / c.shape(value)[i]));
  TensorType output = c.type(value);
  output.shape = shape;
  return c.emit(Op::TILE, {{"input", value}, {"multiples", c.constant_operand(Constant::list(multiples))}}, output);
}

OperandId with_rank(Context& c, OperandId value, size_t rank) {
  Shape shape(rank - c.rank(value), 1);
  shape.insert(shape.end(), c.shape(value).begin(), c.shape(value).end());
  return c.reshape(value, shape);
}

/// [.., m, k] x [.., k, n], with NumPy's broadcasting of the batches. BATCH_MATMUL itself broadcasts nothing.
OperandId batch_product(Context& c, OperandId a, OperandId b) {
  const size_t rank = std::max(c.rank(a), c.rank(b));
  a = with_rank(c, a, rank);
  b = with_rank(c, b, rank);
  Shape a_shape = c.shape(a), b_shape = c.shape(b);
  for (size_t i = 0; i + 2 < rank; ++i) a_shape[i] = b_shape[i] = std::max(a_shape[i], b_shape[i]);
  TensorType output = c.type(a);
  output.shape = a_shape;
  output.shape.back() = last(b_shape);
  return c.emit(Op::BATCH_MATMUL, {{"input1", repeated_to(c, a, a_shape)}, {"input2", repeated_to(c, b, b_shape)}},
                output);
}

/// Whether all batches have the same matrix, which is constant.
bool is_constant_matrix(Context& c, OperandId value) {
  const Shape& shape = c.shape(value);
  return c.graph().is_constant(value) &&
         graph::element_count(shape) == size_t{shape[shape.size() - 2]} * shape[shape.size() - 1];
}

OperandId as_matrix(Context& c, OperandId value) {
  const Shape shape = c.shape(value);
  return c.reshape(value, {shape[shape.size() - 2], shape[shape.size() - 1]});
}

}  // namespace

OperandId matrix_product(Context& c, OperandId a, OperandId b) {
  if (is_constant_matrix(c, b))
    return fully_connected(c, a, transposed(c, as_matrix(c, b)), zero_bias(c, last(c.shape(b))));
  if (is_constant_matrix(c, a)) {
    if (c.rank(b) == 2) return fully_connected(c, as_matrix(c, a), transposed(c, b), zero_bias(c, last(c.shape(b))));
    const OperandId weights = as_matrix(c, a);
    return transposed(c, fully_connected(c, transposed(c, b), weights, zero_bias(c, c.shape(weights)[0])));
  }
  if (c.rank(b) == 2 && c.rank(a) > 2) {
    // All batches share the second factor, so that they are rows of one product.
    const Shape shape = c.shape(a);
    const auto rows = static_cast<uint32_t>(graph::element_count(shape) / last(shape));
    const OperandId result = batch_product(c, c.reshape(a, {rows, last(shape)}), b);
    return c.reshape(result, with_last(shape, last(c.shape(b))));
  }
  return batch_product(c, a, b);
}

namespace {

/// torch.matmul: a vector on the left is a row, on the right a column.
void bind_product(Context& c, OperandId a, OperandId b) {
  if (c.rank(a) == 1) a = c.reshape(a, {1, last(c.shape(a))});
  if (c.rank(b) == 1) b = c.reshape(b, {last(c.shape(b)), 1});
  c.result(c.reshape(matrix_product(c, a, b), c.result_type().shape));
}

void lower_matmul(Context& c) {
  for (const char* name : {"other", "mat2", "vec", "tensor"})
    if (c.has(name)) return bind_product(c, c.tensor("self"), c.tensor(name));
  check(false, "a matrix product has two factors");
}

// --- Linear layers.

/// A bias that FULLY_CONNECTED takes: `value` * factor as [size], where it is constant and the same for all rows.
std::optional<OperandId> constant_bias(Context& c, OperandId value, double factor, uint32_t size) {
  if (!c.graph().is_constant(value)) return std::nullopt;
  const Shape shape = c.shape(value);
  const size_t count = graph::element_count(shape);
  if (count != 1 && (count != size || last(shape) != size)) return std::nullopt;
  std::vector<float> values = c.graph()[value].constant->floats();
  values.resize(size, values.front());
  for (float& element : values) element = static_cast<float>(element * factor);
  return c.constant_operand(Constant::from(std::move(values), {size}));
}

OperandId scaled(Context& c, OperandId value, double factor) {
  return factor == 1 ? value : c.binary(Op::MUL, value, factor);
}

void lower_linear(Context& c) {
  const OperandId input = c.tensor("input");
  OperandId weights = c.tensor("weight");
  // A weight of rank 1 is a single output, without a dimension of its own.
  if (c.rank(weights) == 1) weights = c.reshape(weights, {1, c.shape(weights)[0]});
  const uint32_t outputs = c.shape(weights)[0];
  OperandId bias = c.is_none("bias") ? zero_bias(c, outputs) : c.tensor("bias");
  std::optional<OperandId> added;
  if (c.shape(bias) != Shape{outputs}) {
    added = bias;
    if (std::optional<OperandId> folded = constant_bias(c, bias, 1, outputs)) {
      bias = *folded;
      added.reset();
    } else {
      bias = zero_bias(c, outputs);
    }
  }
  OperandId result = c.reshape(fully_connected(c, input, weights, bias), c.result_type().shape);
  if (added) result = c.binary(Op::ADD, result, *added);
  c.result(result);
}

/// beta * self + alpha * (a x b).
void bind_added_product(Context& c, OperandId a, OperandId b) {
  const double alpha = c.number_or("alpha", 1), beta = c.number_or("beta", 1);
  const Shape shape = c.result_type().shape;
  const uint32_t outputs = last(c.shape(b));
  const OperandId self = c.tensor("self");
  std::optional<OperandId> bias;
  if (c.graph().is_constant(b) && c.rank(b) == 2 && alpha == 1)
    bias = beta == 0 ? zero_bias(c, outputs) : constant_bias(c, self, beta, outputs);
  if (bias) {
    c.result(c.reshape(fully_connected(c, a, transposed(c, b), *bias), shape));
    return;
  }
  const OperandId result = scaled(c, c.reshape(matrix_product(c, a, b), shape), alpha);
  // With beta 0 PyTorch does not read self at all.
  c.result(beta == 0 ? result : c.binary(Op::ADD, result, scaled(c, self, beta)));
}

void lower_addmm(Context& c) { bind_added_product(c, c.tensor("mat1"), c.tensor("mat2")); }
void lower_baddbmm(Context& c) { bind_added_product(c, c.tensor("batch1"), c.tensor("batch2")); }

void lower_addmv(Context& c) {
  const OperandId vector = c.tensor("vec");
  bind_added_product(c, c.tensor("mat"), c.reshape(vector, {c.shape(vector)[0], 1}));
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
