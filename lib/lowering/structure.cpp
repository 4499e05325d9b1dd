#include "structure.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "conversion.h"
#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

using Movement = std::function<Value(Value)>;

bool is_boolean(Context& context, Value value) { return value.is(OperandType::TENSOR_BOOL8); }
bool is_integer(Context& context, Value value) { return value.is(OperandType::TENSOR_INT32); }

Value through_float(Context& context, Value boolean, const Movement& movement) {
  Value moved = movement(cast(context, boolean, OperandType::TENSOR_FLOAT32));
  return cast(context, moved, OperandType::TENSOR_BOOL8);
}

uint32_t size32(const Shape& shape) { return static_cast<uint32_t>(graph::element_count(shape)); }

std::vector<int32_t> counted(uint32_t count) {
  std::vector<int32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// EXPAND_DIMS takes INT32 from feature level 3 on, RESHAPE from 6 on.
Value reshaped_integers(Context& context, Value value, Shape shape) {
  std::optional<std::vector<uint32_t>> added = graph::added_units(value.shape(), shape);
  if (!added) return reshape(value, shape);
  for (uint32_t axis : *added)
    value = context.builder().emit(Op::EXPAND_DIMS, {{"input", value}, {"axis", static_cast<int32_t>(axis)}});
  return value;
}

Value transposed_integers(Context& context, Value value, const Permutation& permutation) {
  const Shape shape = value.shape();
  Constant order = Constant::list(counted(size32(shape))).reshaped(shape).permuted(permutation);
  return gathered(context, reshaped(context, value, {size32(shape)}), 0, context.constant_operand(order));
}

/// In each piece's place its elements, elsewhere anything: the mask tells which to take.
Value concatenated_integers(Context& context, const Values& values, uint32_t dimension) {
  Shape shape = values.front().shape();
  int32_t total = 0;
  for (Value value : values) total += static_cast<int32_t>(value.shape()[dimension]);
  shape[dimension] = static_cast<uint32_t>(total);
  std::optional<Value> joined;
  int32_t begin = 0;
  for (Value value : values) {
    auto count = static_cast<int32_t>(value.shape()[dimension]);
    std::vector<int32_t> indices;
    std::vector<uint8_t> mask;
    for (int32_t i = 0; i < total; ++i) {
      indices.push_back(std::clamp(i - begin, 0, count - 1));
      mask.push_back(i >= begin && i < begin + count);
    }
    Value spread = gathered(context, value, dimension, indices);
    Shape mask_shape(shape.size(), 1);
    mask_shape[dimension] = shape[dimension];
    Constant places = Constant::from(mask, mask_shape).converted(graph::ElementType::bool8).broadcast_to(shape);
    joined = joined ? select(context, context.constant_operand(places), spread, *joined) : spread;
    begin += count;
  }
  return *joined;
}

Value padded_integers(Context& context, Value value, const std::vector<std::pair<int32_t, int32_t>>& padding,
                      double fill) {
  Shape shape = value.shape();
  std::vector<uint8_t> inside(1, 1);
  Constant mask = Constant::from(inside, Shape(shape.size(), 1));
  for (size_t i = 0; i < shape.size(); ++i) {
    auto [before, after] = padding[i];
    auto size = static_cast<int32_t>(shape[i]);
    std::vector<int32_t> indices;
    for (int32_t k = -before; k < size + after; ++k) indices.push_back(std::clamp(k, 0, size - 1));
    shape[i] += static_cast<uint32_t>(before + after);
    if (before != 0 || after != 0) value = gathered(context, value, static_cast<uint32_t>(i), indices);
  }
  std::vector<uint8_t> places;
  for (uint32_t flat = 0; flat < size32(shape); ++flat) {
    uint32_t rest = flat;
    bool within = true;
    for (size_t i = shape.size(); i-- > 0; rest /= shape[i]) {
      auto at = static_cast<int32_t>(rest % shape[i]);
      within &= at >= padding[i].first && at < static_cast<int32_t>(shape[i]) - padding[i].second;
    }
    places.push_back(within);
  }
  Constant within = Constant::from(places, shape).converted(graph::ElementType::bool8);
  return select(context, context.constant_operand(within), value,
                filled(context, fill, OperandType::TENSOR_INT32, shape));
}

}  // namespace

Value reshaped(Context& context, Value value, Shape shape) {
  if (shape == value.shape()) return value;
  if (value.is_constant()) return reshape(value, shape);
  if (is_integer(context, value)) return reshaped_integers(context, value, shape);
  if (!is_boolean(context, value)) return reshape(value, shape);
  return through_float(context, value, [&](Value floats) { return reshape(floats, shape); });
}

Value transposed(Context& context, Value value, const Permutation& permutation) {
  if (graph::is_identity(permutation) || value.is_constant()) return transpose(value, permutation);
  if (is_integer(context, value)) return transposed_integers(context, value, permutation);
  if (!is_boolean(context, value)) return transpose(value, permutation);
  return through_float(context, value, [&](Value floats) { return transpose(floats, permutation); });
}

Value broadcast(Context& context, Value value, Shape shape) {
  if (value.shape() == shape) return value;
  if (value.is_constant())
    return context.builder().constant(value.constant()->broadcast_to(shape), value.quantization());
  if (is_boolean(context, value)) return logical_or(value, filled(context, 0, OperandType::TENSOR_BOOL8, shape));
  Shape raised = value.shape();
  raised.insert(raised.begin(), shape.size() - raised.size(), 1);
  std::vector<int32_t> multiples;
  for (size_t i = 0; i < shape.size(); ++i)
    multiples.push_back(raised[i] == shape[i] ? 1 : static_cast<int32_t>(shape[i]));
  return tiled(context, reshaped(context, value, raised), multiples);
}

Value filled(Context& context, double number, OperandType type, Shape shape) {
  // Beyond this many elements it is cheaper to make the tensor on the device than to keep it in the file.
  constexpr size_t most_stored = 1024;
  bool stored = type == OperandType::TENSOR_BOOL8 || graph::element_count(shape) <= most_stored;
  Shape unit(shape.size(), 1);
  Value one = context.constant_operand(context.builder().element(number, type).broadcast_to(stored ? shape : unit));
  return stored ? one : tiled(context, one, std::vector<int32_t>(shape.begin(), shape.end()));
}

Value tiled(Context& context, Value value, const std::vector<int32_t>& multiples) {
  const bool nothing = std::count(multiples.begin(), multiples.end(), 1) == static_cast<std::ptrdiff_t>(value.rank());
  if (nothing || !is_boolean(context, value)) return tile(value, multiples);
  return through_float(context, value, [&](Value floats) { return tile(floats, multiples); });
}

Value sliced(Context& context, Value value, uint32_t dimension, uint32_t begin, uint32_t count, uint32_t step) {
  if (count == value.size(dimension)) return value;
  if (count == 0) context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  if (is_boolean(context, value))
    return through_float(context, value,
                         [&](Value floats) { return sliced(context, floats, dimension, begin, count, step); });
  if (step == 1 || count == 1 || !is_integer(context, value)) return slice(value, dimension, begin, count, step);
  std::vector<int32_t> indices;
  for (uint32_t i = 0; i < count; ++i) indices.push_back(static_cast<int32_t>(begin + i * step));
  return gathered(context, value, dimension, indices);
}

Values split(Context& context, Value value, uint32_t dimension, const std::vector<uint32_t>& sizes) {
  if (sizes.size() == 1) return {value};
  Values pieces;
  if (is_boolean(context, value)) {
    for (Value piece : split(context, cast(context, value, OperandType::TENSOR_FLOAT32), dimension, sizes))
      pieces.push_back(cast(context, piece, OperandType::TENSOR_BOOL8));
    return pieces;
  }
  if (std::all_of(sizes.begin(), sizes.end(), [&](uint32_t size) { return size == sizes.front(); }))
    return graph::split(value, dimension, static_cast<uint32_t>(sizes.size()));
  uint32_t begin = 0;
  for (uint32_t size : sizes) {
    pieces.push_back(sliced(context, value, dimension, begin, size));
    begin += size;
  }
  return pieces;
}

Value gathered(Context& context, Value value, uint32_t dimension, Value indices) {
  if (is_boolean(context, value))
    return through_float(context, value, [&](Value floats) { return gathered(context, floats, dimension, indices); });
  return gather(value, dimension, indices);
}

Value gathered(Context& context, Value value, uint32_t dimension, const std::vector<int32_t>& indices) {
  if (indices == counted(value.shape()[dimension])) return value;
  return gathered(context, value, dimension, context.constant_operand(Constant::list(indices)));
}

Value concatenated(Context& context, Values values, uint32_t dimension) {
  if (values.size() == 1) return values.front();
  if (is_integer(context, values.front())) return concatenated_integers(context, values, dimension);
  if (!is_boolean(context, values.front())) return concatenate(values, dimension);
  for (Value& value : values) value = cast(context, value, OperandType::TENSOR_FLOAT32);
  return cast(context, concatenate(values, dimension), OperandType::TENSOR_BOOL8);
}

Value padded(Context& context, Value value, const std::vector<std::pair<int32_t, int32_t>>& padding, double fill) {
  if (std::all_of(padding.begin(), padding.end(), [](auto sides) { return sides.first == 0 && sides.second == 0; }))
    return value;
  if (is_integer(context, value)) return padded_integers(context, value, padding, fill);
  if (!is_boolean(context, value)) return pad(value, padding, fill);
  return through_float(context, value, [&](Value floats) { return pad(floats, padding, fill != 0 ? 1 : 0); });
}

Value chosen(Context& context, Value condition, Value where_true, Value where_false, Shape shape) {
  if (!is_boolean(context, where_true))
    // SELECT takes tensors of one shape only.
    return select(context, broadcast(context, condition, shape), broadcast(context, where_true, shape),
                  broadcast(context, where_false, shape));
  // And it knows no BOOL8 to choose from: logic does as well.
  Value yes = logical_and(condition, where_true);
  Value no = logical_and(logical_not(condition), where_false);
  return broadcast(context, logical_or(yes, no), shape);
}

}  // namespace passerelle::lowering
