// Moving elements about, whatever their type.
//
// NNAPI's operations on the structure of tensors differ in the types that they take: RESHAPE has no BOOL8, TRANSPOSE,
// PAD and CONCATENATION have no INT32 either. Each function here says one movement in operations that exist for the
// operand's type, exactly: INT32 goes through GATHER and SELECT, BOOL8 through FLOAT32 (0 and 1).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "context.h"

namespace passerelle::lowering {

/// The same elements in row-major order.
Value reshaped(Context& context, Value value, Shape shape);

/// Dimension i of the result is dimension permutation[i] of `value`.
Value transposed(Context& context, Value value, const Permutation& permutation);

/// NumPy's broadcasting to `shape`, as a tensor of its own: for operations that do not broadcast.
Value broadcast(Context& context, Value value, Shape shape);

/// `shape` filled with one number.
Value filled(Context& context, double number, OperandType type, Shape shape);

/// value repeated multiples[i] times along dimension i.
Value tiled(Context& context, Value value, const std::vector<int32_t>& multiples);

/// Elements begin, begin+step, ... (`count` of them) of one dimension.
Value sliced(Context& context, Value value, uint32_t dimension, uint32_t begin, uint32_t count, uint32_t step = 1);

/// Pieces of these sizes, whose sum is the dimension's.
Values split(Context& context, Value value, uint32_t dimension, const std::vector<uint32_t>& sizes);

/// Elements of one dimension by number (0 or more); the dimension gives way to those of `indices` (TENSOR_INT32).
Value gathered(Context& context, Value value, uint32_t dimension, Value indices);
/// The same with known indices, which keep the rank.
Value gathered(Context& context, Value value, uint32_t dimension, const std::vector<int32_t>& indices);

/// All of one type; their shapes differ in `dimension` only.
Value concatenated(Context& context, Values values, uint32_t dimension);

/// Elements added before and after each dimension, all of them `fill`.
Value padded(Context& context, Value value, const std::vector<std::pair<int32_t, int32_t>>& padding, double fill);

/// where_true or where_false, by the condition (TENSOR_BOOL8); all three are broadcast to `shape`.
Value chosen(Context& context, Value condition, Value where_true, Value where_false, Shape shape);

}  // namespace passerelle::lowering
