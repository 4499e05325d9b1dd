// Parts of tensors by known places, and joining them: slices, splits, concatenations.
#include <algorithm>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

// --- Joining.

/// The arguments of a concatenation in the type of its result.
std::vector<OperandId> joined_tensors(Context& context) {
  std::vector<OperandId> values;
  OperandType type = context.result_type().type;
  for (OperandId value : context.tensors("tensors")) values.push_back(cast(context, value, type));
  return values;
}

void lower_cat(Context& context) {
  std::vector<OperandId> values = joined_tensors(context);
  // PyTorch takes a tensor of shape [0] for nothing, whatever the others' rank is.
  values.erase(std::remove_if(values.begin(), values.end(),
                              [&](OperandId value) { return graph::element_count(context.shape(value)) == 0; }),
               values.end());
  if (values.empty()) context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.result_info().shape.size());
  context.result(concatenated(context, values, dimension));
}

void lower_stack(Context& context) {
  std::vector<OperandId> values = joined_tensors(context);
  const Shape shape = context.result_type().shape;
  uint32_t dimension = Context::dimension(context.integer("dim"), shape.size());
  Shape piece = shape;
  piece[dimension] = 1;
  for (OperandId& value : values) value = reshaped(context, value, piece);
  context.result(concatenated(context, values, dimension));
}

// --- Splitting. How large the pieces are, the trace knows.

std::vector<OperandId> pieces(Context& context, uint32_t dimension, const std::vector<uint32_t>& sizes) {
  if (std::count(sizes.begin(), sizes.end(), 0u) > 0)
    context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  return split(context, context.tensor("self"), dimension, sizes);
}

/// split, chunk, tensor_split: pieces of a dimension that stays.
void lower_split(Context& context) {
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  std::vector<uint32_t> sizes;
  for (const torchscript::Tensor& piece : context.list_result_infos())
    sizes.push_back(static_cast<uint32_t>(piece.shape[dimension]));
  context.results(pieces(context, dimension, sizes));
}

void lower_unbind(Context& context) {
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  uint32_t count = context.shape(context.tensor("self"))[dimension];
  std::vector<OperandId> values = pieces(context, dimension, std::vector<uint32_t>(count, 1));
  for (OperandId& value : values)
    value = reshaped(context, value, tensor_type(context.list_result_infos().front()).shape);
  context.results(values);
}

// --- Slicing.

void lower_slice(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  auto size = static_cast<int64_t>(context.shape(x)[dimension]);
  int64_t begin = context.integer_or("start", 0);
  if (begin < 0) begin += size;
  begin = std::clamp<int64_t>(begin, 0, size);
  context.result(sliced(context, x, dimension, static_cast<uint32_t>(begin), context.result_type().shape[dimension],
                        static_cast<uint32_t>(context.integer("step"))));
}

void lower_narrow(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  int64_t begin = context.integer("start");
  if (begin < 0) begin += context.shape(x)[dimension];
  context.result(sliced(context, x, dimension, static_cast<uint32_t>(begin), context.result_type().shape[dimension]));
}

void lower_select(Context& context) {
  OperandId x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  int64_t index = context.integer("index");
  if (index < 0) index += context.shape(x)[dimension];
  OperandId one = sliced(context, x, dimension, static_cast<uint32_t>(index), 1);
  context.result(reshaped(context, one, context.result_type().shape));
}

constexpr Lowering table[] = {
    {"aten::cat", lower_cat, "CONCATENATION", ""},
    {"aten::concat", lower_cat, "CONCATENATION", ""},
    {"aten::concatenate", lower_cat, "CONCATENATION", ""},
    {"aten::stack", lower_stack, "RESHAPE, CONCATENATION", ""},
    {"aten::split", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::split_with_sizes", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unsafe_split", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unsafe_split_with_sizes", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::chunk", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unsafe_chunk", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::tensor_split", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unbind", lower_unbind, "SPLIT, RESHAPE", ""},
    {"aten::slice", lower_slice, "SLICE, STRIDED_SLICE", "empty results"},
    {"aten::narrow", lower_narrow, "SLICE", "empty results"},
    {"aten::select", lower_select, "SLICE, RESHAPE", ""},
};

}  // namespace

Span<const Lowering> selection_lowerings() { return table; }

}  // namespace passerelle::lowering
