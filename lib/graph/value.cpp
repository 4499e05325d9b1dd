#include "passerelle/graph/value.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "passerelle/graph/builder.h"
#include "passerelle/support/check.h"

namespace passerelle::graph {
namespace {

using Op = OperationType;

Builder& builder_of(const Term& a, const Term& b) {
  check(a.value() || b.value(), "one of two operands is a tensor");
  return a.value() ? a.value()->builder() : b.value()->builder();
}

template <typename Number>
std::vector<int32_t> int32s(const std::vector<Number>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// The integer that a quantized tensor has for a number; the nearest end of its range beyond that.
int32_t quantized_number(double number, const TensorType& type) {
  const bool is_signed = type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  const double lowest = is_signed ? -128 : 0, highest = is_signed ? 127 : 255;
  const double steps = std::nearbyint(number / type.quantization.scale) + type.quantization.zero_point;
  return static_cast<int32_t>(std::clamp(steps, lowest, highest));
}

/// A scalar argument as the operation takes it for a tensor of this type.
Argument filling(Builder& builder, double number, const TensorType& type) {
  if (nnapi::is_quantized(type.type)) return quantized_number(number, type);
  if (type.type == OperandType::TENSOR_INT32)
    return static_cast<int32_t>(builder.element(number, type.type).integers().front());
  return static_cast<float>(number);
}

Value strided_slice(Value x, uint32_t axis, uint32_t begin, uint32_t count, uint32_t step) {
  Builder& builder = x.builder();
  const Shape shape = x.shape();
  std::vector<int32_t> begins(shape.size(), 0), ends = int32s(shape), strides(shape.size(), 1);
  begins[axis] = static_cast<int32_t>(begin);
  ends[axis] = static_cast<int32_t>(begin + (count - 1) * step + 1);
  strides[axis] = static_cast<int32_t>(step);
  return builder.emit(Op::STRIDED_SLICE, {{"input", x.id()},
                                          {"begin", builder.list(begins).id()},
                                          {"end", builder.list(ends).id()},
                                          {"strides", builder.list(strides).id()}});
}

Value arg_extremum(Op type, Value x, uint32_t axis) {
  return x.builder().emit(type, {{"input", x.id()}, {"axis", static_cast<int32_t>(axis)}});
}

Value normalised_exponentials(Op type, Value x, uint32_t axis, float beta) {
  return x.builder().emit(type, {{"input", x.id()}, {"beta", beta}, {"axis", static_cast<int32_t>(axis)}});
}

}  // namespace

TensorType Value::type() const { return builder_->graph().type(id_); }
OperandType Value::element_type() const { return builder_->graph().type(id_).type; }
Quantization Value::quantization() const { return builder_->graph().type(id_).quantization; }
Shape Value::shape() const { return builder_->graph().shape(id_); }
std::optional<Constant> Value::constant() const { return builder_->graph()[id_].constant; }

Value Value::at(const Quantization& quantization) const {
  builder_->graph()[id_].type.quantization = quantization;
  return *this;
}

Value unary(OperationType type, Value x) { return x.builder().unary(type, x); }
Value binary(OperationType type, Term a, Term b) { return builder_of(a, b).binary(type, a, b); }

std::vector<OperandId> ids(const Values& values) { return {values.begin(), values.end()}; }

Value operator+(Term a, Term b) { return binary(Op::ADD, a, b); }
Value operator-(Term a, Term b) { return binary(Op::SUB, a, b); }
Value operator*(Term a, Term b) { return binary(Op::MUL, a, b); }
Value operator/(Term a, Term b) { return binary(Op::DIV, a, b); }
Value max(Term a, Term b) { return binary(Op::MAXIMUM, a, b); }
Value min(Term a, Term b) { return binary(Op::MINIMUM, a, b); }
Value pow(Term base, Term exponent) { return binary(Op::POW, base, exponent); }
Value prelu(Value x, Term slope) { return binary(Op::PRELU, x, slope); }

Value equal(Term a, Term b) { return binary(Op::EQUAL, a, b); }
Value not_equal(Term a, Term b) { return binary(Op::NOT_EQUAL, a, b); }
Value greater(Term a, Term b) { return binary(Op::GREATER, a, b); }
Value greater_equal(Term a, Term b) { return binary(Op::GREATER_EQUAL, a, b); }
Value less(Term a, Term b) { return binary(Op::LESS, a, b); }
Value less_equal(Term a, Term b) { return binary(Op::LESS_EQUAL, a, b); }
Value logical_and(Value a, Value b) { return binary(Op::LOGICAL_AND, a, b); }
Value logical_or(Value a, Value b) { return binary(Op::LOGICAL_OR, a, b); }
Value logical_not(Value a) { return unary(Op::LOGICAL_NOT, a); }

Value select(Value condition, Value where_true, Value where_false) {
  return condition.builder().emit(
      Op::SELECT, {{"condition", condition.id()}, {"input1", where_true.id()}, {"input2", where_false.id()}},
      {{}, where_true.quantization()});
}

Value operator-(Value x) { return unary(Op::NEG, x); }
Value abs(Value x) { return unary(Op::ABS, x); }
Value exp(Value x) { return unary(Op::EXP, x); }
Value log(Value x) { return unary(Op::LOG, x); }
Value sqrt(Value x) { return unary(Op::SQRT, x); }
Value rsqrt(Value x) { return unary(Op::RSQRT, x); }
Value sin(Value x) { return unary(Op::SIN, x); }
Value tanh(Value x) { return unary(Op::TANH, x); }
Value logistic(Value x) { return unary(Op::LOGISTIC, x); }
Value floor(Value x) { return unary(Op::FLOOR, x); }
Value relu(Value x) { return unary(Op::RELU, x); }
Value relu1(Value x) { return unary(Op::RELU1, x); }
Value relu6(Value x) { return unary(Op::RELU6, x); }
Value hard_swish(Value x) { return unary(Op::HARD_SWISH, x); }
Value elu(Value x, float alpha) { return x.builder().emit(Op::ELU, {{"input", x.id()}, {"alpha", alpha}}); }
Value square(Value x) { return x * x; }

Value cast(Value x, OperandType type) {
  return x.is(type) ? x : x.builder().emit(Op::CAST, {{"input", x.id()}}, {type, {}});
}

Value softmax(Value x, uint32_t axis, float beta) { return normalised_exponentials(Op::SOFTMAX, x, axis, beta); }
Value log_softmax(Value x, uint32_t axis, float beta) {
  return normalised_exponentials(Op::LOG_SOFTMAX, x, axis, beta);
}

Value reduce(OperationType reduction, Value x, const std::vector<uint32_t>& axes, bool keep_dimensions) {
  // MEAN came before there was a BOOL.
  const bool is_mean = reduction == Op::MEAN;
  const Argument keep = is_mean ? Argument(static_cast<int32_t>(keep_dimensions)) : Argument(keep_dimensions);
  Builder& builder = x.builder();
  return builder.emit(reduction, {{"input", x.id()}, {"axes", builder.list(int32s(axes)).id()}, {"keep_dims", keep}});
}

Value argmax(Value x, uint32_t axis) { return arg_extremum(Op::ARGMAX, x, axis); }
Value argmin(Value x, uint32_t axis) { return arg_extremum(Op::ARGMIN, x, axis); }

Values top_k(Value x, uint32_t k) {
  return x.builder().emit(Op::TOPK_V2, {{"input", x.id()}, {"k", static_cast<int32_t>(k)}}, 2);
}

Value reshape(Value x, const Shape& shape) {
  if (shape == x.shape()) return x;
  Builder& builder = x.builder();
  return builder.emit(Op::RESHAPE, {{"input", x.id()}, {"shape", builder.list(int32s(shape)).id()}});
}

Value raised(Value x, size_t rank) {
  Shape shape = x.shape();
  if (shape.size() < rank) shape.insert(shape.begin(), rank - shape.size(), 1);
  return reshape(x, shape);
}

Value transpose(Value x, const Permutation& permutation) {
  if (is_identity(permutation)) return x;
  Builder& builder = x.builder();
  return builder.emit(Op::TRANSPOSE, {{"input", x.id()}, {"permutation", builder.list(int32s(permutation)).id()}});
}

Value slice(Value x, const std::vector<int32_t>& begin, const Shape& size) {
  if (size == x.shape()) return x;
  Builder& builder = x.builder();
  return builder.emit(
      Op::SLICE, {{"input", x.id()}, {"begin", builder.list(begin).id()}, {"size", builder.list(int32s(size)).id()}});
}

Value slice(Value x, uint32_t axis, uint32_t begin, uint32_t count, uint32_t step) {
  if (step != 1 && count != 1) return strided_slice(x, axis, begin, count, step);
  Shape size = x.shape();
  std::vector<int32_t> begins(size.size(), 0);
  begins[axis] = static_cast<int32_t>(begin);
  size[axis] = count;
  return slice(x, begins, size);
}

Value pad(Value x, const Padding& padding, double fill) {
  check(padding.size() == x.rank(), "a padding is given for each dimension");
  Builder& builder = x.builder();
  std::vector<int32_t> rows;
  for (const auto& [before, after] : padding) {
    check(before >= 0 && after >= 0, "a padding is not negative");
    rows.insert(rows.end(), {before, after});
  }
  if (std::count(rows.begin(), rows.end(), 0) == static_cast<std::ptrdiff_t>(rows.size())) return x;
  const Value paddings = builder.constant(Constant::from(rows, {static_cast<uint32_t>(padding.size()), 2}));
  if (fill == 0) return builder.emit(Op::PAD, {{"input", x.id()}, {"paddings", paddings.id()}});
  return builder.emit(
      Op::PAD_V2, {{"input", x.id()}, {"paddings", paddings.id()}, {"pad_value", filling(builder, fill, x.type())}});
}

Value tile(Value x, const std::vector<int32_t>& multiples) {
  check(multiples.size() == x.rank(), "a multiple is given for each dimension");
  if (std::count(multiples.begin(), multiples.end(), 1) == static_cast<std::ptrdiff_t>(multiples.size())) return x;
  Builder& builder = x.builder();
  return builder.emit(Op::TILE, {{"input", x.id()}, {"multiples", builder.list(multiples).id()}});
}

Value concatenate(const Values& values, uint32_t axis) {
  check(!values.empty(), "something is concatenated");
  if (values.size() == 1) return values.front();
  return values.front().builder().emit(Op::CONCATENATION,
                                       {{"inputs", ids(values)}, {"axis", static_cast<int32_t>(axis)}});
}

Values split(Value x, uint32_t axis, uint32_t count) {
  if (count == 1) return {x};
  return x.builder().emit(
      Op::SPLIT, {{"input", x.id()}, {"axis", static_cast<int32_t>(axis)}, {"num_splits", static_cast<int32_t>(count)}},
      count);
}

Value gather(Value x, uint32_t axis, Value indices) {
  return x.builder().emit(Op::GATHER,
                          {{"input", x.id()}, {"axis", static_cast<int32_t>(axis)}, {"indices", indices.id()}});
}

Value gather(Value x, uint32_t axis, const std::vector<int32_t>& indices) {
  std::vector<int32_t> all(x.size(axis));
  std::iota(all.begin(), all.end(), 0);
  return indices == all ? x : gather(x, axis, x.builder().list(indices));
}

Value pool(OperationType type, Value nhwc, const Slide& vertical, const Slide& horizontal) {
  return nhwc.builder().emit(type, {{"input", nhwc.id()},
                                    {"padding_left", horizontal.before},
                                    {"padding_right", horizontal.after},
                                    {"padding_top", vertical.before},
                                    {"padding_bottom", vertical.after},
                                    {"stride_width", horizontal.stride},
                                    {"stride_height", vertical.stride},
                                    {"filter_width", horizontal.size},
                                    {"filter_height", vertical.size}});
}

Value channel_shuffle(Value x, uint32_t groups, uint32_t axis) {
  return x.builder().emit(
      Op::CHANNEL_SHUFFLE,
      {{"input", x.id()}, {"num_groups", static_cast<int32_t>(groups)}, {"axis", static_cast<int32_t>(axis)}});
}

Value depth_to_space(Value nhwc, uint32_t block) {
  return nhwc.builder().emit(Op::DEPTH_TO_SPACE, {{"input", nhwc.id()}, {"block_size", static_cast<int32_t>(block)}});
}

Value space_to_depth(Value nhwc, uint32_t block) {
  return nhwc.builder().emit(Op::SPACE_TO_DEPTH, {{"input", nhwc.id()}, {"block_size", static_cast<int32_t>(block)}});
}

Value quantize(Value x, OperandType type, const Quantization& quantization) {
  return x.builder().emit(Op::QUANTIZE, {{"input", x.id()}}, {type, quantization});
}

Value dequantize(Value x) {
  return x.builder().emit(Op::DEQUANTIZE, {{"input", x.id()}}, {OperandType::TENSOR_FLOAT32, Quantization{}});
}

Value fully_connected(Value x, Value weights, Value bias) {
  return x.builder().emit(Op::FULLY_CONNECTED, {{"input", x.id()}, {"weights", weights.id()}, {"bias", bias.id()}});
}

Value batch_matmul(Value a, Value b, bool adjoint_a, bool adjoint_b) {
  return a.builder().emit(Op::BATCH_MATMUL,
                          {{"input1", a.id()}, {"input2", b.id()}, {"adj_x", adjoint_a}, {"adj_y", adjoint_b}});
}

}  // namespace passerelle::graph
