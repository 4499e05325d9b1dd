// A tensor of a graph under construction, and what can be made of it: formulas are written as formulas.
//
//   Value softplus(Value x) { return relu(x) + log(1 + exp(-abs(x))); }
//
// Each operation is added to the graph at once, with its type and shape inferred; of constants it is computed instead,
// where that is exact (fold.h). What needs nothing done (a RESHAPE to the same shape) adds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::graph {

class Builder;

/// Stays valid, and means the same tensor, while the graph grows.
class Value {
 public:
  Value(Builder& builder, OperandId id) : builder_(&builder), id_(id) {}

  Builder& builder() const { return *builder_; }
  OperandId id() const { return id_; }
  operator OperandId() const { return id_; }

  TensorType type() const;
  OperandType element_type() const;
  bool is(OperandType type) const { return element_type() == type; }
  Quantization quantization() const;
  Shape shape() const;
  size_t rank() const { return shape().size(); }
  uint32_t size(size_t dimension) const { return shape().at(dimension); }
  /// What it holds, where it is a constant.
  std::optional<Constant> constant() const;
  bool is_constant() const { return constant().has_value(); }

  /// The result of an operation on quantized tensors, with a scale of its own in place of its first operand's. For the
  /// operation that was built last, before anything reads it.
  Value at(const Quantization& quantization) const;

 private:
  Builder* builder_;
  OperandId id_;
};

using Values = std::vector<Value>;
std::vector<OperandId> ids(const Values& values);

/// A Value, or a number that becomes a constant like the value that it meets.
class Term {
 public:
  Term(Value value) : value_(value) {}
  Term(double number) : number_(number) {}
  const std::optional<Value>& value() const { return value_; }
  double number() const { return number_; }

 private:
  std::optional<Value> value_;
  double number_ = 0;
};

/// By the operation's own name: what the functions below are short for.
Value unary(OperationType type, Value x);
Value binary(OperationType type, Term a, Term b);

// --- Two tensors, broadcast as NumPy does. Their element types are the same: asserted.
Value operator+(Term a, Term b);
Value operator-(Term a, Term b);
Value operator*(Term a, Term b);
Value operator/(Term a, Term b);
Value max(Term a, Term b);
Value min(Term a, Term b);
Value pow(Term base, Term exponent);
Value prelu(Value x, Term slope);

// --- TENSOR_BOOL8.
Value equal(Term a, Term b);
Value not_equal(Term a, Term b);
Value greater(Term a, Term b);
Value greater_equal(Term a, Term b);
Value less(Term a, Term b);
Value less_equal(Term a, Term b);
Value logical_and(Value a, Value b);
Value logical_or(Value a, Value b);
Value logical_not(Value a);
/// All three of one shape.
Value select(Value condition, Value where_true, Value where_false);

// --- One tensor, element by element.
Value operator-(Value x);
Value abs(Value x);
Value exp(Value x);
Value log(Value x);
Value sqrt(Value x);
Value rsqrt(Value x);
Value sin(Value x);
Value tanh(Value x);
Value logistic(Value x);
Value floor(Value x);
Value relu(Value x);
Value relu1(Value x);
Value relu6(Value x);
Value hard_swish(Value x);
Value elu(Value x, float alpha);
/// NNAPI's CAST.
Value cast(Value x, OperandType type);
Value square(Value x);

// --- Along dimensions, counted from 0.
Value softmax(Value x, uint32_t axis, float beta = 1);
Value log_softmax(Value x, uint32_t axis, float beta = 1);
/// MEAN, REDUCE_SUM, ... Where all dimensions go, one of size 1 stays.
Value reduce(OperationType reduction, Value x, const std::vector<uint32_t>& axes, bool keep_dimensions);
Value argmax(Value x, uint32_t axis);
Value argmin(Value x, uint32_t axis);
/// The greatest `k` of the last dimension, and their places.
Values top_k(Value x, uint32_t k);

// --- Moving elements about.
Value reshape(Value x, const Shape& shape);
/// Dimensions of size 1 in front, up to this rank.
Value raised(Value x, size_t rank);
Value transpose(Value x, const Permutation& permutation);
inline Value to_nhwc(Value x) { return transpose(x, nchw_to_nhwc); }
inline Value to_nchw(Value x) { return transpose(x, nhwc_to_nchw); }
/// `size` elements of each dimension, from `begin` on.
Value slice(Value x, const std::vector<int32_t>& begin, const Shape& size);
/// Elements begin, begin + step, ... (`count` of them) of one dimension.
Value slice(Value x, uint32_t axis, uint32_t begin, uint32_t count, uint32_t step = 1);
/// Elements before and after each dimension, all of them `fill`; beyond a quantized tensor's range it is the end of it.
using Padding = std::vector<std::pair<int32_t, int32_t>>;
Value pad(Value x, const Padding& padding, double fill = 0);
Value tile(Value x, const std::vector<int32_t>& multiples);
Value concatenate(const Values& values, uint32_t axis);
/// Equal parts.
Values split(Value x, uint32_t axis, uint32_t count);
/// The dimension gives way to those of `indices` (TENSOR_INT32).
Value gather(Value x, uint32_t axis, Value indices);
Value gather(Value x, uint32_t axis, const std::vector<int32_t>& indices);

// --- Images: [batches, height, width, channels].
/// How a window moves along one side.
struct Slide {
  int32_t size = 1;
  int32_t stride = 1;
  int32_t before = 0;  ///< padding
  int32_t after = 0;
};
Value pool(OperationType type, Value nhwc, const Slide& vertical, const Slide& horizontal);
Value channel_shuffle(Value x, uint32_t groups, uint32_t axis);
Value depth_to_space(Value nhwc, uint32_t block);
Value space_to_depth(Value nhwc, uint32_t block);

// --- Quantized tensors.
Value quantize(Value x, OperandType type, const Quantization& quantization);
Value dequantize(Value x);

// --- Matrices.
/// [rows, columns] of `weights` [units, columns] and `bias` [units].
Value fully_connected(Value x, Value weights, Value bias);
Value batch_matmul(Value a, Value b, bool adjoint_a = false, bool adjoint_b = false);

}  // namespace passerelle::graph
