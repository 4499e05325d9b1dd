#include "structure.h"

#include <algorithm>
#include <numeric>

#include "conversion.h"
#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

using Movement = std::function<OperandId(OperandId)>;

bool is_boolean(Context& context, OperandId value) { return context.type(value).type == OperandType::TENSOR_BOOL8; }
bool is_integer(Context& context, OperandId value) { return context.type(value).type == OperandType::TENSOR_INT32; }

OperandId through_float(Context& context, OperandId boolean, const Movement& movement) {
  OperandId moved = movement(cast(context, boolean, OperandType::TENSOR_FLOAT32));
  return cast(context, moved, OperandType::TENSOR_BOOL8);
}

TensorType with_shape(TensorType type, Shape shape) {
  type.shape = std::move(shape);
  return type;
}

uint32_t size32(const Shape& shape) { return static_cast<uint32_t>(graph::element_count(shape)); }

std::vector<int32_t> counted(uint32_t count) {
  std::vector<int32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// EXPAND_DIMS takes INT32 from feature level 3 on, RESHAPE from 6 on.
OperandId reshaped_integers(Context& context, OperandId value, Shape shape) {
  std::optional<std::vector<uint32_t>> added = graph::added_units(context.shape(value), shape);
  if (!added) return context.reshape(value, shape);
  for (uint32_t axis : *added) {
    TensorType output = context.type(value);
    output.shape.insert(output.shape.begin() + axis, 1);
    value = context.emit(Op::EXPAND_DIMS, {{"input", value}, {"axis", static_cast<int32_t>(axis)}}, output);
  }
  return value;
}

OperandId transposed_integers(Context& context, OperandId value, const Permutation& permutation) {
  const Shape shape = context.shape(value);
  Constant order = Constant::list(counted(size32(shape))).reshaped(shape).permuted(permutation);
  return gathered(context, reshaped(context, value, {size32(shape)}), 0, context.constant_operand(order));
}

/// In each piece's place its elements, elsewhere anything: the mask tells which to take.
OperandId concatenated_integers(Context& context, const std::vector<OperandId>& values, uint32_t dimension) {
  Shape shape = context.shape(values.front());
  int32_t total = 0;
  for (OperandId value : values) total += static_cast<int32_t>(context.shape(value)[dimension]);
  shape[dimension] = static_cast<uint32_t>(total);
  std::optional<OperandId> joined;
  int32_t begin = 0;
  for (OperandId value : values) {
    auto count = static_cast<int32_t>(context.shape(value)[dimension]);
    std::vector<int32_t> indices;
    std::vector<uint8_t> mask;
    for (int32_t i = 0; i < total; ++i) {
      indices.push_back(std::clamp(i - begin, 0, count - 1));
      mask.push_back(i >= begin && i < begin + count);
    }
    OperandId spread = gathered(context, value, dimension, indices);
    Shape mask_shape(shape.size(), 1);
    mask_shape[dimension] = shape[dimension];
    Constant places = Constant::from(mask, mask_shape).converted(graph::ElementType::bool8).broadcast_to(shape);
    joined = joined ? select(context, context.constant_operand(places), spread, *joined) : spread;
    begin += count;
  }
  return *joined;
}

OperandId padded_integers(Context& context, OperandId value, const std::vector<std::pair<int32_t, int32_t>>& padding,
                          double fill) {
  Shape shape = context.shape(value);
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

OperandId strided(Context& context, OperandId value, uint32_t dimension, uint32_t begin, uint32_t count,
                  uint32_t step) {
  Shape shape = context.shape(value);
  std::vector<int32_t> begins(shape.size(), 0), ends(shape.begin(), shape.end()), strides(shape.size(), 1);
  begins[dimension] = static_cast<int32_t>(begin);
  ends[dimension] = static_cast<int32_t>(begin + (count - 1) * step + 1);
  strides[dimension] = static_cast<int32_t>(step);
  shape[dimension] = count;
  return context.emit(Op::STRIDED_SLICE,
                      {{"input", value},
                       {"begin", context.constant_operand(Constant::list(begins))},
                       {"end", context.constant_operand(Constant::list(ends))},
                       {"strides", context.constant_operand(Constant::list(strides))},
                       {"begin_mask", 0},
                       {"end_mask", 0},
                       {"shrink_axis_mask", 0}},
                      with_shape(context.type(value), shape));
}

}  // namespace

OperandId reshaped(Context& context, OperandId value, Shape shape) {
  if (shape == context.shape(value)) return value;
  if (context.graph().is_constant(value)) return context.reshape(value, shape);
  if (is_integer(context, value)) return reshaped_integers(context, value, shape);
  if (!is_boolean(context, value)) return context.reshape(value, shape);
  return through_float(context, value, [&](OperandId floats) { return context.reshape(floats, shape); });
}

OperandId transposed(Context& context, OperandId value, const Permutation& permutation) {
  if (graph::is_identity(permutation) || context.graph().is_constant(value))
    return context.transpose(value, permutation);
  if (is_integer(context, value)) return transposed_integers(context, value, permutation);
  if (!is_boolean(context, value)) return context.transpose(value, permutation);
  return through_float(context, value, [&](OperandId floats) { return context.transpose(floats, permutation); });
}

OperandId broadcast(Context& context, OperandId value, Shape shape) {
  if (context.shape(value) == shape) return value;
  if (context.graph().is_constant(value))
    return context.graph().add_constant(context.graph()[value].constant->broadcast_to(shape),
                                        context.type(value).quantization);
  if (is_boolean(context, value))
    return context.binary(Op::LOGICAL_OR, value, filled(context, 0, OperandType::TENSOR_BOOL8, shape));
  Shape raised(shape.size() - context.rank(value), 1);
  raised.insert(raised.end(), context.shape(value).begin(), context.shape(value).end());
  std::vector<int32_t> multiples;
  for (size_t i = 0; i < shape.size(); ++i)
    multiples.push_back(raised[i] == shape[i] ? 1 : static_cast<int32_t>(shape[i]));
  return tiled(context, reshaped(context, value, raised), multiples);
}

OperandId filled(Context& context, double number, OperandType type, Shape shape) {
  // Beyond this many elements it is cheaper to make the tensor on the device than to keep it in the file.
  constexpr size_t most_stored = 1024;
  bool stored = type == OperandType::TENSOR_BOOL8 || graph::element_count(shape) <= most_stored;
  Shape unit(shape.size(), 1);
  OperandId one = context.constant_operand(context.one_element(number, type).broadcast_to(stored ? shape : unit));
  return stored ? one : tiled(context, one, std::vector<int32_t>(shape.begin(), shape.end()));
}

OperandId tiled(Context& context, OperandId value, const std::vector<int32_t>& multiples) {
  check(multiples.size() == context.rank(value), "a multiple is given for each dimension");
  if (std::all_of(multiples.begin(), multiples.end(), [](int32_t multiple) { return multiple == 1; })) return value;
  if (is_boolean(context, value))
    return through_float(context, value, [&](OperandId floats) { return tiled(context, floats, multiples); });
  Shape shape = context.shape(value);
  for (size_t i = 0; i < shape.size(); ++i) shape[i] *= static_cast<uint32_t>(multiples[i]);
  return context.emit(Op::TILE, {{"input", value}, {"multiples", context.constant_operand(Constant::list(multiples))}},
                      with_shape(context.type(value), shape));
}

OperandId sliced(Context& context, OperandId value, uint32_t dimension, uint32_t begin, uint32_t count, uint32_t step) {
  Shape size = context.shape(value);
  if (count == size[dimension]) return value;
  if (count == 0) context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  if (is_boolean(context, value))
    return through_float(context, value,
                         [&](OperandId floats) { return sliced(context, floats, dimension, begin, count, step); });
  if (step == 1 || count == 1) {
    std::vector<int32_t> begins(size.size(), 0);
    begins[dimension] = static_cast<int32_t>(begin);
    size[dimension] = count;
    return context.slice(value, begins, size);
  }
  if (!is_integer(context, value)) return strided(context, value, dimension, begin, count, step);
  std::vector<int32_t> indices;
  for (uint32_t i = 0; i < count; ++i) indices.push_back(static_cast<int32_t>(begin + i * step));
  return gathered(context, value, dimension, indices);
}

std::vector<OperandId> split(Context& context, OperandId value, uint32_t dimension,
                             const std::vector<uint32_t>& sizes) {
  if (sizes.size() == 1) return {value};
  std::vector<OperandId> pieces;
  if (is_boolean(context, value)) {
    for (OperandId piece : split(context, cast(context, value, OperandType::TENSOR_FLOAT32), dimension, sizes))
      pieces.push_back(cast(context, piece, OperandType::TENSOR_BOOL8));
    return pieces;
  }
  if (std::all_of(sizes.begin(), sizes.end(), [&](uint32_t size) { return size == sizes.front(); })) {
    TensorType piece = context.type(value);
    piece.shape[dimension] = sizes.front();
    return context.emit(Op::SPLIT,
                        {{"input", value},
                         {"axis", static_cast<int32_t>(dimension)},
                         {"num_splits", static_cast<int32_t>(sizes.size())}},
                        std::vector<TensorType>(sizes.size(), piece));
  }
  uint32_t begin = 0;
  for (uint32_t size : sizes) {
    pieces.push_back(sliced(context, value, dimension, begin, size));
    begin += size;
  }
  return pieces;
}

OperandId gathered(Context& context, OperandId value, uint32_t dimension, OperandId indices) {
  if (is_boolean(context, value))
    return through_float(context, value,
                         [&](OperandId floats) { return gathered(context, floats, dimension, indices); });
  TensorType output = context.type(value);
  const Shape& picked = context.shape(indices);
  output.shape.erase(output.shape.begin() + dimension);
  output.shape.insert(output.shape.begin() + dimension, picked.begin(), picked.end());
  return context.emit(Op::GATHER, {{"input", value}, {"axis", static_cast<int32_t>(dimension)}, {"indices", indices}},
                      output);
}

OperandId gathered(Context& context, OperandId value, uint32_t dimension, const std::vector<int32_t>& indices) {
  if (indices == counted(context.shape(value)[dimension])) return value;
  return gathered(context, value, dimension, context.constant_operand(Constant::list(indices)));
}

OperandId concatenated(Context& context, std::vector<OperandId> values, uint32_t dimension) {
  if (values.size() == 1) return values.front();
  if (is_integer(context, values.front())) return concatenated_integers(context, values, dimension);
  if (!is_boolean(context, values.front()))
    return context.concatenate(std::move(values), static_cast<int32_t>(dimension));
  for (OperandId& value : values) value = cast(context, value, OperandType::TENSOR_FLOAT32);
  OperandId joined = context.concatenate(std::move(values), static_cast<int32_t>(dimension));
  return cast(context, joined, OperandType::TENSOR_BOOL8);
}

OperandId padded(Context& context, OperandId value, const std::vector<std::pair<int32_t, int32_t>>& padding,
                 double fill) {
  if (std::all_of(padding.begin(), padding.end(), [](auto sides) { return sides.first == 0 && sides.second == 0; }))
    return value;
  if (is_integer(context, value)) return padded_integers(context, value, padding, fill);
  if (!is_boolean(context, value)) return context.pad(value, padding, fill);
  return through_float(context, value,
                       [&](OperandId floats) { return context.pad(floats, padding, fill != 0 ? 1 : 0); });
}

OperandId chosen(Context& context, OperandId condition, OperandId where_true, OperandId where_false, Shape shape) {
  if (!is_boolean(context, where_true))
    // SELECT takes tensors of one shape only.
    return select(context, broadcast(context, condition, shape), broadcast(context, where_true, shape),
                  broadcast(context, where_false, shape));
  // And it knows no BOOL8 to choose from: logic does as well.
  OperandId yes = context.binary(Op::LOGICAL_AND, condition, where_true);
  OperandId no = context.binary(Op::LOGICAL_AND, context.unary(Op::LOGICAL_NOT, condition), where_false);
  return broadcast(context, context.binary(Op::LOGICAL_OR, yes, no), shape);
}

}  // namespace passerelle::lowering
