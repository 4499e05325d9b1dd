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
Values joined_tensors(Context& context) {
  Values values;
  OperandType type = context.result_type().type;
  for (Value value : context.tensors("tensors")) values.push_back(cast(context, value, type));
  return values;
}

void lower_cat(Context& context) {
  Values values = joined_tensors(context);
  // PyTorch takes a tensor of shape [0] for nothing, whatever the others' rank is.
  values.erase(std::remove_if(values.begin(), values.end(),
                              [&](Value value) { return graph::element_count(value.shape()) == 0; }),
               values.end());
  if (values.empty()) context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.result_info().shape.size());
  context.result(concatenated(context, values, dimension));
}

void lower_stack(Context& context) {
  Values values = joined_tensors(context);
  const Shape shape = context.result_type().shape;
  uint32_t dimension = Context::dimension(context.integer("dim"), shape.size());
  Shape piece = shape;
  piece[dimension] = 1;
  for (Value& value : values) value = reshaped(context, value, piece);
  context.result(concatenated(context, values, dimension));
}

/// hstack and its kin: tensors of lower rank get dimensions before they are joined.
void join_raised(Context& context, uint32_t dimension, Shape (*raised)(const Shape&)) {
  Values values = joined_tensors(context);
  for (Value& value : values) value = reshaped(context, value, raised(value.shape()));
  context.result(concatenated(context, values, dimension));
}

Shape at_least_2(const Shape& shape) { return shape.size() == 1 ? Shape{1, shape[0]} : shape; }
Shape at_least_3(const Shape& shape) {
  if (shape.size() == 1) return {1, shape[0], 1};
  return shape.size() == 2 ? Shape{shape[0], shape[1], 1} : shape;
}
Shape columns(const Shape& shape) { return shape.size() == 1 ? Shape{shape[0], 1} : shape; }
Shape as_they_are(const Shape& shape) { return shape; }

void lower_hstack(Context& context) {
  join_raised(context, context.result_info().shape.size() == 1 ? 0 : 1, as_they_are);
}
void lower_vstack(Context& context) { join_raised(context, 0, at_least_2); }
void lower_dstack(Context& context) { join_raised(context, 2, at_least_3); }
void lower_column_stack(Context& context) { join_raised(context, 1, columns); }

// --- Splitting. How large the pieces are, the trace knows.

Values pieces(Context& context, uint32_t dimension, const std::vector<uint32_t>& sizes) {
  if (std::count(sizes.begin(), sizes.end(), 0u) > 0)
    context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  return split(context, context.tensor("self"), dimension, sizes);
}

/// Pieces of a dimension that stays.
void split_along(Context& context, uint32_t dimension) {
  std::vector<uint32_t> sizes;
  for (const trace::Tensor& piece : context.list_result_infos())
    sizes.push_back(static_cast<uint32_t>(piece.shape[dimension]));
  context.results(pieces(context, dimension, sizes));
}

void lower_split(Context& context) {
  split_along(context, Context::dimension(context.integer("dim"), context.info("self").shape.size()));
}

void lower_hsplit(Context& context) { split_along(context, context.info("self").shape.size() == 1 ? 0 : 1); }
void lower_vsplit(Context& context) { split_along(context, 0); }
void lower_dsplit(Context& context) { split_along(context, 2); }

void lower_unbind(Context& context) {
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  uint32_t count = context.tensor("self").shape()[dimension];
  Values values = pieces(context, dimension, std::vector<uint32_t>(count, 1));
  for (Value& value : values) value = reshaped(context, value, tensor_type(context.list_result_infos().front()).shape);
  context.results(values);
}

// --- Slicing.

void lower_slice(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  auto size = static_cast<int64_t>(x.shape()[dimension]);
  int64_t begin = context.integer_or("start", 0);
  if (begin < 0) begin += size;
  begin = std::clamp<int64_t>(begin, 0, size);
  context.result(sliced(context, x, dimension, static_cast<uint32_t>(begin), context.result_type().shape[dimension],
                        static_cast<uint32_t>(context.integer("step"))));
}

void lower_narrow(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  int64_t begin = context.integer("start");
  if (begin < 0) begin += x.shape()[dimension];
  context.result(sliced(context, x, dimension, static_cast<uint32_t>(begin), context.result_type().shape[dimension]));
}

void lower_select(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = Context::dimension(context.integer("dim"), context.info("self").shape.size());
  int64_t index = context.integer("index");
  if (index < 0) index += x.shape()[dimension];
  Value one = sliced(context, x, dimension, static_cast<uint32_t>(index), 1);
  context.result(reshaped(context, one, context.result_type().shape));
}

constexpr Lowering table[] = {
    {"aten::cat", lower_cat, "CONCATENATION", ""},
    {"aten::concat", lower_cat, "CONCATENATION", ""},
    {"aten::concatenate", lower_cat, "CONCATENATION", ""},
    {"aten::stack", lower_stack, "RESHAPE, CONCATENATION", ""},
    {"aten::hstack", lower_hstack, "CONCATENATION", ""},
    {"aten::vstack", lower_vstack, "RESHAPE, CONCATENATION", ""},
    {"aten::row_stack", lower_vstack, "RESHAPE, CONCATENATION", ""},
    {"aten::dstack", lower_dstack, "RESHAPE, CONCATENATION", ""},
    {"aten::column_stack", lower_column_stack, "RESHAPE, CONCATENATION", ""},
    {"aten::hsplit", lower_hsplit, "SPLIT, SLICE", "empty pieces"},
    {"aten::vsplit", lower_vsplit, "SPLIT, SLICE", "empty pieces"},
    {"aten::dsplit", lower_dsplit, "SPLIT, SLICE", "empty pieces"},
    {"aten::split", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::split_copy", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::split_with_sizes", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::split_with_sizes_copy", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unsafe_split", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unsafe_split_with_sizes", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::chunk", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unsafe_chunk", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::tensor_split", lower_split, "SPLIT, SLICE", "empty pieces"},
    {"aten::unbind", lower_unbind, "SPLIT, RESHAPE", ""},
    {"aten::unbind_copy", lower_unbind, "SPLIT, RESHAPE", ""},
    {"aten::slice", lower_slice, "SLICE, STRIDED_SLICE", "empty results"},
    {"aten::slice_copy", lower_slice, "SLICE, STRIDED_SLICE", "empty results"},
    {"aten::narrow", lower_narrow, "SLICE", "empty results"},
    {"aten::narrow_copy", lower_narrow, "SLICE", "empty results"},
    {"aten::select", lower_select, "SLICE, RESHAPE", ""},
    {"aten::select_copy", lower_select, "SLICE, RESHAPE", ""},
};

}  // namespace

Span<const Lowering> selection_lowerings() { return table; }

}  // namespace passerelle::lowering
