// Operations that repeat elements and put others beside them.
//
//   TILE                 → broadcasting
//   PAD, PAD_V2, PACK    → CONCATENATION
#include "rewriter.h"

namespace passerelle::passes {
namespace {

bool rewrite_tile(Rewriter& r, const Operation& operation) {
  const std::optional<std::vector<int32_t>> multiples = constant_list(r.graph(), operation.operand("multiples"));
  OperandId value = operation.operand("input");
  if (!multiples || !r.is_float(value)) return false;
  for (size_t axis = 0; axis < multiples->size(); ++axis) {
    const auto times = static_cast<uint32_t>((*multiples)[axis]);
    if (times == 1) continue;
    Shape tiled = r.shape(value);
    const AroundAxis parts = around(tiled, axis);
    tiled[axis] *= times;
    value = r.reshape(value, {parts.outer, 1, parts.size * parts.inner});
    value = r.broadcast(value, {parts.outer, times, parts.size * parts.inner});
    value = r.reshape(value, tiled);
  }
  r.replace(operation, value);
  return true;
}

/// Blocks of one number on both sides of each dimension. `element` is of rank 0.
bool pad_with(Rewriter& r, const Operation& operation, const Constant& element) {
  const std::optional<std::vector<int32_t>> paddings = constant_list(r.graph(), operation.operand("paddings"));
  OperandId value = operation.operand("input");
  if (!paddings) return false;
  const graph::Quantization quantization = r.type(value).quantization;
  for (size_t axis = 0; axis < paddings->size() / 2; ++axis) {
    const auto block = [&](int32_t count) {
      Shape shape = r.shape(value);
      shape[axis] = static_cast<uint32_t>(count);
      return r.graph().add_constant(element.broadcast_to(shape), quantization);
    };
    const int32_t before = (*paddings)[2 * axis], after = (*paddings)[2 * axis + 1];
    std::vector<OperandId> parts{value};
    if (before > 0) parts.insert(parts.begin(), block(before));
    if (after > 0) parts.push_back(block(after));
    value = r.concatenate(parts, axis);
  }
  r.replace(operation, value);
  return true;
}

/// With zeros: quantized ones are zero points.
bool rewrite_pad(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.operand("input"));
  if (type.type == OperandType::TENSOR_FLOAT32) return pad_with(r, operation, Constant::filled(0, {}));
  if (type.type != OperandType::TENSOR_QUANT8_ASYMM) return false;
  const Constant zero_point = Constant::from(std::vector<int32_t>{type.quantization.zero_point}, {});
  return pad_with(r, operation, zero_point.shifted(0, graph::ElementType::quint8));
}

bool rewrite_pad_v2(Rewriter& r, const Operation& operation) {
  const auto* fill = std::get_if<float>(&operation.argument("pad_value"));
  return fill && r.is_float(operation.operand("input")) && pad_with(r, operation, Constant::filled(*fill, {}));
}

bool rewrite_pack(Rewriter& r, const Operation& operation) {
  const std::vector<OperandId> inputs = std::get<std::vector<OperandId>>(operation.argument("inputs"));
  const Shape result = r.shape(operation.output());
  const size_t axis = normalised_axis(operation.integer("axis"), result.size());
  Shape part = result;
  part[axis] = 1;
  std::vector<OperandId> parts;
  for (OperandId input : inputs) parts.push_back(r.reshape(input, part));
  r.replace(operation, r.concatenate(parts, axis));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::PACK, Stage::before_layout, rewrite_pack, true},
    {Op::PAD, Stage::after_layout, rewrite_pad, true},
    {Op::PAD_V2, Stage::after_layout, rewrite_pad_v2},
    {Op::TILE, Stage::after_layout, rewrite_tile},
};

}  // namespace

Span<const Rewrite> padding_rewrites() { return rewrites; }

}  // namespace passerelle::passes
