// Operations that move elements about.
#include <string>

#include "rules.h"

namespace passerelle::nnapi::rules {
namespace {

std::string operation_name(const Call& call) { return std::string(name(call.operation())); }

/// A list argument has one element for each dimension of the input.
void one_for_each_dimension(Call& call, const char* list) {
  const OperandView& input = *call.input("input");
  const OperandView* operand = call.input(list);
  if (!operand || !has_rank(input) || !has_rank(*operand)) return;
  size_t rank = input.dimensions.size();
  call.require(!differ(operand->dimensions[0], static_cast<uint32_t>(rank)),
               operation_name(call) + "'s " + list + " must have one element for each of " + std::to_string(rank) +
                   " dimensions, not " + std::to_string(operand->dimensions[0]));
}

/// [rank, 2]: before and after each dimension.
void paddings(Call& call) {
  one_for_each_dimension(call, "paddings");
  const OperandView& paddings = *call.input("paddings");
  call.require(!has_rank(paddings) || !differ(paddings.dimensions[1], 2),
               operation_name(call) + "'s paddings must have shape rank x 2, not " + shape_text(paddings));
  if (std::optional<std::vector<int32_t>> values = call.integers("paddings"))
    for (int32_t value : *values)
      call.require(value >= 0, operation_name(call) + "'s paddings can't be negative, not " + std::to_string(value));
}

/// What is filled in before feature level 3 is the byte 0, which is the number 0 only with zero point 0.
void zero_point_of_padding(Call& call) {
  const OperandView& input = *call.input("input");
  if (call.type() == OperandType::TENSOR_QUANT8_ASYMM && input.zero_point != 0)
    call.needs(3, operation_name(call) + " with a zero point other than 0");
}

void same_rank(Call& call, const OperandView& a, const OperandView& b) {
  call.require(!has_rank(a) || !has_rank(b) || a.dimensions.size() == b.dimensions.size(),
               operation_name(call) + "'s input and output must have the same rank, not " + shape_text(a) + " and " +
                   shape_text(b));
}

}  // namespace

void concatenation(Call& call) {
  Span<const OperandView> tensors(call.inputs().data(), call.inputs().size() - 1);
  const OperandView& first = tensors[0];
  if (std::optional<int32_t> axis = call.integer("axis"); axis && has_rank(first))
    call.require(static_cast<size_t>(*axis) < first.dimensions.size(),
                 "CONCATENATION's axis " + std::to_string(*axis) + " doesn't exist in " + shape_text(first));
  for (const OperandView& tensor : tensors) {
    same_rank(call, first, tensor);
    bool same = tensor.scale == call.output().scale && tensor.zero_point == call.output().zero_point;
    if (call.type() == OperandType::TENSOR_QUANT8_ASYMM && !same)
      call.needs(3, "CONCATENATION of tensors whose scale or zero point is not the output's");
  }
}

void pack(Call& call) {
  const OperandView& output = call.output();
  const OperandView& first = call.inputs()[1];
  for (const OperandView& tensor : Span<const OperandView>(call.inputs().data() + 1, call.inputs().size() - 1)) {
    same_rank(call, first, tensor);
    call.require(!has_rank(tensor) || !has_rank(output) || tensor.dimensions.size() + 1 == output.dimensions.size(),
                 "PACK's output must have one dimension more than its inputs, not " + shape_text(tensor) + " and " +
                     shape_text(output));
    if (is_quantized(call.type()))
      call.require(tensor.scale == output.scale && tensor.zero_point == output.zero_point,
                   "PACK's inputs must have the scale and zero point of its output");
  }
}

void pad(Call& call) {
  paddings(call);
  if (call.operation() == OperationType::PAD) zero_point_of_padding(call);
}

void mirror_pad(Call& call) {
  paddings(call);
  same_rank(call, *call.input("input"), call.output());
  int32_t mode = call.integer("mode").value_or(0);
  call.require(mode == 0 || mode == 1,
               "MIRROR_PAD's mode must be 0 (reflect) or 1 (symmetric), not " + std::to_string(mode));
}

void reverse(Call& call) {
  const OperandView& input = *call.input("input");
  const OperandView& axis = *call.input("axis");
  call.require(!has_rank(axis) || !differ(axis.dimensions[0], 1), "REVERSE takes one axis, not " + shape_text(axis));
  same_rank(call, input, call.output());
  std::optional<std::vector<int32_t>> value = call.integers("axis");
  if (!value || value->size() != 1 || !has_rank(input)) return;
  call.require((*value)[0] >= 0 && static_cast<size_t>((*value)[0]) < input.dimensions.size(),
               "REVERSE's axis " + std::to_string((*value)[0]) + " doesn't exist in " + shape_text(input));
}

void space_to_batch(Call& call) { zero_point_of_padding(call); }

void transpose(Call& call) {
  const OperandView& input = *call.input("input");
  if (!call.input("permutation")) {
    call.require(!has_rank(input) || input.dimensions.size() == 2, "TRANSPOSE without a permutation takes only rank 2");
    return;
  }
  one_for_each_dimension(call, "permutation");
  std::optional<std::vector<int32_t>> values = call.integers("permutation");
  if (!values || !has_rank(input)) return;
  for (int32_t value : *values)
    call.require(value >= 0 && static_cast<size_t>(value) < input.dimensions.size(),
                 "TRANSPOSE's permutation names dimension " + std::to_string(value) + " of " + shape_text(input));
}

void squeeze(Call& call) {
  const OperandView& input = *call.input("input");
  std::optional<std::vector<int32_t>> axes = call.integers("axes");
  if (!axes || !has_rank(input)) return;
  int32_t rank = static_cast<int32_t>(input.dimensions.size());
  for (int32_t axis : *axes) {
    int32_t dimension = axis < 0 ? axis + rank : axis;
    bool single = dimension >= 0 && dimension < rank && !differ(input.dimensions[static_cast<size_t>(dimension)], 1);
    call.require(single, "SQUEEZE can't drop dimension " + std::to_string(axis) + " of " + shape_text(input));
  }
}

void slice(Call& call) {
  one_for_each_dimension(call, "begin");
  one_for_each_dimension(call, "size");
}

void strided_slice(Call& call) {
  for (const char* list : {"begin", "end", "strides"}) one_for_each_dimension(call, list);
  std::optional<std::vector<int32_t>> strides = call.integers("strides");
  if (!strides) return;
  for (int32_t stride : *strides) call.require(stride != 0, "STRIDED_SLICE's strides can't be 0");
}

void resize(Call& call) {
  bool both = call.boolean("align_corners").value_or(false) && call.boolean("half_pixel_centers").value_or(false);
  call.require(!both, operation_name(call) + " takes align_corners or half_pixel_centers, not both");
}

}  // namespace passerelle::nnapi::rules
