// INT32 tensors, which arithmetic takes from feature level 4 on and RESHAPE from 6 on.
//
// Floats hold whole numbers up to 2^24: where the numbers are known to be no greater, the operation is done on floats.
// From level 4 on any INT32 is two such numbers, its upper and its lower 16 bits.
#include <algorithm>
#include <cmath>

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

/// Dimensions of size 1 are put in from feature level 3 on: into the operand, or into what it was made from so.
bool expand_instead(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  OperandId value = operation.operand("input");
  std::optional<std::vector<uint32_t>> added = graph::added_units(r.shape(value), type.shape);
  while (!added) {
    const Operation* before = r.producer(value);
    if (!before || !before->is(Op::EXPAND_DIMS)) return false;
    value = before->operand("input");
    added = graph::added_units(r.shape(value), type.shape);
  }
  for (uint32_t axis : *added) {
    TensorType output = r.type(value);
    output.shape.insert(output.shape.begin() + axis, 1);
    value = r.emit(Op::EXPAND_DIMS, {{"input", value}, {"axis", static_cast<int32_t>(axis)}}, output);
  }
  r.replace(operation, value);
  return true;
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
  if (expand_instead(r, operation)) return true;
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

// --- Reductions, which take no integers at any level.

/// The greatest range that adding or multiplying `count` numbers may pass through.
IntegerRange accumulated(OperationType type, const IntegerRange& range, double count) {
  const double farthest = std::max({std::abs(range.low), std::abs(range.high), 1.0});
  if (type == Op::REDUCE_SUM) return {-farthest * count, farthest * count};
  if (type == Op::REDUCE_PROD) return {-std::pow(farthest, count), std::pow(farthest, count)};
  return range;
}

OperationType combining(OperationType reduction) {
  switch (reduction) {
    case Op::REDUCE_SUM: return Op::ADD;
    case Op::REDUCE_PROD: return Op::MUL;
    case Op::REDUCE_MAX: return Op::MAXIMUM;
    default: return Op::MINIMUM;
  }
}

/// One axis: its first half and its second combined, then theirs, until one element is left.
OperandId halved(Rewriter& r, OperationType operation, OperandId value, size_t axis) {
  for (uint32_t size = r.shape(value)[axis]; size > 1; size = r.shape(value)[axis]) {
    const uint32_t half = size / 2;
    OperandId both = r.binary(operation, r.slice(value, axis, 0, half), r.slice(value, axis, half, half));
    if (size % 2 == 1) {
      // The odd one joins the first of the others.
      const OperandId odd = r.slice(value, axis, size - 1, 1);
      const OperandId first = r.binary(operation, r.slice(both, axis, 0, 1), odd);
      if (half == 1) return first;
      const OperandId rest = halved(r, operation, r.slice(both, axis, 1, half - 1), axis);
      return r.binary(operation, first, rest);
    }
    value = both;
  }
  return value;
}

bool rewrite_reduction(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!is_integer(r, input) || !has_cast(r)) return false;
  std::optional<std::vector<int32_t>> axes = constant_list(r.graph(), operation.operand("axes"));
  if (!axes) return false;
  const Shape shape = r.shape(input);
  const TensorType type = r.type(operation.output());
  const double count =
      static_cast<double>(graph::element_count(shape)) / static_cast<double>(graph::element_count(type.shape));
  if (fits_float(accumulated(*operation.type, integer_range(r, input), count))) {
    TensorType floats = type;
    floats.type = OperandType::TENSOR_FLOAT32;
    const OperandId reduced = r.emit(*operation.type,
                                     {{"input", as_float(r, input)},
                                      {"axes", operation.operand("axes")},
                                      {"keep_dims", operation.boolean("keep_dims")}},
                                     floats);
    r.replace(operation, as_integer(r, reduced));
    return true;
  }
  OperandId value = input;
  for (int32_t axis : *axes) value = halved(r, combining(*operation.type), value, normalised_axis(axis, shape.size()));
  r.replace(operation, r.reshape(value, type.shape));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::REDUCE_SUM, Stage::before_layout, rewrite_reduction},
    {Op::REDUCE_PROD, Stage::before_layout, rewrite_reduction},
    {Op::REDUCE_MAX, Stage::before_layout, rewrite_reduction},
    {Op::REDUCE_MIN, Stage::before_layout, rewrite_reduction},
    {Op::ABS, Stage::before_layout, rewrite_abs},
    {Op::ADD, Stage::before_layout, rewrite_arithmetic},
    {Op::MUL, Stage::before_layout, rewrite_arithmetic},
    {Op::SUB, Stage::before_layout, rewrite_arithmetic},
    {Op::RESHAPE, Stage::after_layout, rewrite_reshape},
};

}  // namespace

Span<const Rewrite> integer_rewrites() { return rewrites; }

}  // namespace passerelle::passes
