// INT32 tensors, which arithmetic takes from feature level 4 on and RESHAPE from 6 on.
//
// Floats hold whole numbers up to 2^24: where the numbers are known to be no greater, the operation is done on floats.
// From level 4 on any INT32 is two such numbers, its upper and its lower 16 bits.
#include <algorithm>

#include "integer_range.h"
#include "rewriter.h"

namespace passerelle::passes {
namespace {

constexpr double largest_whole_float = 1 << 24;

bool is_integer(Rewriter& r, OperandId id) { return r.type(id).type == OperandType::TENSOR_INT32; }

bool fits_float(const IntegerRange& range) {
  return range.low >= -largest_whole_float && range.high <= largest_whole_float;
}

OperandId cast(Rewriter& r, OperandId value, OperandType to) {
  TensorType output = r.type(value);
  output.type = to;
  if (r.graph().is_constant(value)) {
    const auto element = to == OperandType::TENSOR_INT32 ? graph::ElementType::int32 : graph::ElementType::float32;
    return r.graph().add_constant(r.graph()[value].constant->converted(element));
  }
  return r.emit(Op::CAST, {{"input", value}}, output);
}

OperandId as_float(Rewriter& r, OperandId value) { return cast(r, value, OperandType::TENSOR_FLOAT32); }
OperandId as_integer(Rewriter& r, OperandId value) { return cast(r, value, OperandType::TENSOR_INT32); }

bool has_cast(Rewriter& r) { return r.level() >= nnapi::introduced(Op::CAST); }

/// ADD, SUB, MUL of numbers whose result, too, is a whole float.
bool rewrite_arithmetic(Rewriter& r, const Operation& operation) {
  const OperandId a = operation.operand("input1"), b = operation.operand("input2");
  if (!is_integer(r, operation.output()) || !has_cast(r)) return false;
  if (!fits_float(integer_range(r, a)) || !fits_float(integer_range(r, b))) return false;
  if (!fits_float(integer_range(r, operation))) return false;
  TensorType type = r.type(operation.output());
  type.type = OperandType::TENSOR_FLOAT32;
  const OperandId left = as_float(r, a), right = as_float(r, b);
  r.replace(operation, as_integer(r, r.emit(*operation.type, {{"input1", left}, {"input2", right}}, type)));
  return true;
}

/// max(x, -x)
bool rewrite_abs(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!is_integer(r, input)) return false;
  r.replace(operation, r.binary(Op::MAXIMUM, input, r.unary(Op::NEG, input)));
  return true;
}

OperandId reshape_floats(Rewriter& r, OperandId value, const Shape& shape) {
  return as_integer(r, r.reshape(as_float(r, value), shape));
}

/// The element at each place of the result, from a list.
OperandId gather_places(Rewriter& r, OperandId value, const TensorType& type) {
  std::vector<int32_t> places(graph::element_count(type.shape));
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int32_t>(i);
  const OperandId indices = r.graph().add_constant(Constant::from(std::move(places), type.shape));
  return r.emit(Op::GATHER, {{"input", value}, {"axis", 0}, {"indices", indices}}, type);
}

bool rewrite_reshape(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const TensorType type = r.type(operation.output());
  if (!is_integer(r, input)) return false;
  if (r.is_free_input(input)) {
    r.graph()[input].type.shape = type.shape;
    r.replace(operation, input);
    return true;
  }
  if (!has_cast(r)) return false;
  if (r.shape(input).size() == 1) {
    r.replace(operation, gather_places(r, input, type));
    return true;
  }
  if (fits_float(integer_range(r, input))) {
    r.replace(operation, reshape_floats(r, input, type.shape));
    return true;
  }
  constexpr nnapi::FeatureLevel of_arithmetic = 4;
  if (r.level() < of_arithmetic) return false;
  const OperandId unit = r.editor().list({1 << 16});
  const OperandId upper = r.binary(Op::DIV, input, unit);
  const OperandId lower = r.binary(Op::SUB, input, r.binary(Op::MUL, upper, unit));
  const OperandId upper_reshaped = reshape_floats(r, upper, type.shape);
  const OperandId lower_reshaped = reshape_floats(r, lower, type.shape);
  r.replace(operation, r.binary(Op::ADD, r.binary(Op::MUL, upper_reshaped, unit), lower_reshaped));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::ABS, Stage::before_layout, rewrite_abs},        {Op::ADD, Stage::before_layout, rewrite_arithmetic},
    {Op::MUL, Stage::before_layout, rewrite_arithmetic}, {Op::SUB, Stage::before_layout, rewrite_arithmetic},
    {Op::RESHAPE, Stage::after_layout, rewrite_reshape},
};

}  // namespace

Span<const Rewrite> integer_rewrites() { return rewrites; }

}  // namespace passerelle::passes
