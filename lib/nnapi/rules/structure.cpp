// Operations that move elements about.
#include <algorithm>
#include <cmath>
#include <string>

#include "rules.h"
#include "sizes.h"

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

namespace passerelle::nnapi::shapes {
namespace {

/// Sizes of a result that a list argument decides, where the list is not known but its length may be.
Sizes as_long_as(const Call& call, std::string_view list) { return Sizes(at(call.sizes(list), 0), 0); }

/// Fills in the one size that a RESHAPE leaves open (-1).
void fill_in(Call& call, const Sizes& input, Sizes& result, size_t open) {
  if (input.empty() || std::count(input.begin(), input.end(), 0u) > 0) return;
  int64_t elements = 1, others = 1;
  for (uint32_t size : input) elements *= size;
  for (size_t i = 0; i < result.size(); ++i)
    if (i != open) others *= result[i];
  if (others > 0) result[open] = checked_size(call, elements / others);
}

/// The elements of one dimension that STRIDED_SLICE takes, as Android clamps begin and end.
int64_t strided_count(int64_t size, int64_t begin, int64_t end, int64_t stride) {
  const bool forward = stride > 0;
  const auto clamped = [&](int64_t index) {
    if (forward && index >= size) return size;
    if (!forward && index < -size) return int64_t{-1};
    index = std::max(index, -size);
    if (!forward) index = std::min(index, size - 1);
    return index < 0 ? index + size : index;
  };
  const int64_t distance = forward ? clamped(end) - clamped(begin) : clamped(begin) - clamped(end);
  const int64_t step = forward ? stride : -stride;
  return std::max<int64_t>(0, (distance + step - 1) / step);
}

/// `size` in the place of dimension `axis`, or of any where that is not known.
Sizes replaced(Sizes sizes, std::optional<size_t> axis, uint32_t size) {
  if (!axis) return Sizes(sizes.size(), 0);
  sizes[*axis] = size;
  return sizes;
}

Sizes blocks(const Call& call) {
  const std::optional<std::vector<int32_t>> given = call.integers("block_sizes");
  if (!given || given->size() != 2 || (*given)[0] <= 0 || (*given)[1] <= 0) return {0, 0};
  return Sizes(given->begin(), given->end());
}

}  // namespace

Shapes reshape(Call& call) {
  const std::optional<std::vector<int32_t>> shape = call.integers("shape");
  if (!shape) return {as_long_as(call, "shape")};
  Sizes result;
  std::optional<size_t> open;
  for (int32_t size : *shape) {
    if (size == -1) open = result.size();
    result.push_back(size == -1 ? 0 : checked_size(call, size));
  }
  const Sizes input = call.sizes("input");
  if (open) fill_in(call, input, result, *open);
  uint64_t before = 1, after = 1;
  for (uint32_t size : input) before *= size;
  for (uint32_t size : result) after *= size;
  call.require(input.empty() || before == 0 || after == 0 || before == after,
               "RESHAPE can't make " + shape_text(result) + " of " + shape_text(input));
  return {result};
}

Shapes squeeze(Call& call) {
  const Sizes input = call.sizes("input");
  if (input.empty()) return {{}};
  const bool all = !call.input("axes");
  if (all && std::count(input.begin(), input.end(), 0u) > 0) return {{}};
  const std::optional<std::vector<bool>> dropped = dimensions(call, "axes", input.size());
  if (!all && !dropped) return {{}};
  Sizes result;
  for (size_t i = 0; i < input.size(); ++i)
    if (all ? input[i] != 1 : !(*dropped)[i]) result.push_back(input[i]);
  if (result.empty()) result.push_back(1);  // NNAPI has no tensors of rank 0
  return {result};
}

Shapes expand_dims(Call& call) {
  Sizes result = call.sizes("input");
  if (result.empty()) return {{}};
  const std::optional<size_t> axis = dimension(call, "axis", result.size() + 1);
  if (!axis) return {Sizes(result.size() + 1, 0)};
  result.insert(result.begin() + static_cast<std::ptrdiff_t>(*axis), 1);
  return {result};
}

/// Without a permutation dimensions are reversed.
Shapes transpose(Call& call) {
  const Sizes input = call.sizes("input");
  if (!call.input("permutation")) return {Sizes(input.rbegin(), input.rend())};
  const std::optional<std::vector<int32_t>> permutation = call.integers("permutation");
  if (!permutation || input.empty()) return {as_long_as(call, "permutation")};
  call.require(permutation->size() == input.size(), "TRANSPOSE's permutation must have one element for each of " +
                                                        std::to_string(input.size()) + " dimensions");
  Sizes result;
  for (int32_t from : *permutation) result.push_back(at(input, static_cast<size_t>(from)));
  return {result};
}

Shapes concatenation(Call& call) {
  const Span<const OperandView> tensors(call.inputs().data(), call.inputs().size() - 1);
  Sizes result;
  const OperandView* known = std::find_if(tensors.begin(), tensors.end(), has_rank);
  if (known == tensors.end()) return {{}};
  const std::optional<size_t> axis = dimension(call, "axis", known->dimensions.size());
  int64_t joined = 0;
  bool all_known = axis.has_value();
  for (const OperandView& tensor : tensors) {
    const uint32_t part = axis ? at(tensor.dimensions, *axis) : 0;
    all_known = all_known && part != 0;
    joined += part;
    if (has_rank(tensor)) result = agreed(call, result, replaced(tensor.dimensions.to_vector(), axis, 0));
  }
  return {replaced(std::move(result), axis, all_known ? checked_size(call, joined) : 0)};
}

Shapes split(Call& call) {
  const Sizes input = call.sizes("input");
  const std::optional<size_t> axis = dimension(call, "axis", input.size());
  const std::optional<int32_t> count = call.integer("num_splits");
  // Outputs are counted, where there are some, and not what a stranger's number says.
  constexpr int32_t most = 1 << 16;
  call.require(!count || (*count > 0 && *count <= most),
               "SPLIT can't give " + std::to_string(count.value_or(0)) + " results");
  if (!count || *count <= 0 || *count > most) return Shapes(call.outputs().size());
  const uint32_t part = axis ? quotient(call, input[*axis], static_cast<uint32_t>(*count)) : 0;
  return Shapes(static_cast<size_t>(*count), replaced(input, axis, part));
}

Shapes pack(Call& call) {
  Sizes result;
  for (const OperandView& tensor : Span<const OperandView>(call.inputs().data() + 1, call.inputs().size() - 1))
    result = agreed(call, result, tensor.dimensions.to_vector());
  if (result.empty()) return {{}};
  const std::optional<size_t> axis = dimension(call, "axis", result.size() + 1);
  if (!axis) return {Sizes(result.size() + 1, 0)};
  result.insert(result.begin() + static_cast<std::ptrdiff_t>(*axis), static_cast<uint32_t>(call.inputs().size() - 1));
  return {result};
}

/// A size of -1 goes to the end.
Shapes slice(Call& call) {
  const Sizes input = call.sizes("input");
  const std::optional<std::vector<int32_t>> begin = call.integers("begin"), size = call.integers("size");
  if (!size) return {input.empty() ? as_long_as(call, "size") : Sizes(input.size(), 0)};
  Sizes result;
  for (size_t i = 0; i < size->size(); ++i) {
    const bool to_the_end = (*size)[i] == -1;
    const int64_t first = begin && i < begin->size() ? (*begin)[i] : 0;
    const int64_t whole = at(input, i);
    const bool known = !to_the_end || (begin && whole != 0);
    const int64_t count = to_the_end ? whole - first : (*size)[i];
    result.push_back(known ? checked_size(call, count) : 0);
    call.require(first >= 0 && (whole == 0 || first + count <= whole),
                 "SLICE reaches outside of dimension " + std::to_string(i) + " of " + shape_text(input));
  }
  return {result};
}

Shapes strided_slice(Call& call) {
  const Sizes input = call.sizes("input");
  const auto begin = call.integers("begin"), end = call.integers("end"), strides = call.integers("strides");
  const auto begin_mask = call.integer("begin_mask"), end_mask = call.integer("end_mask");
  const auto shrink_mask = call.integer("shrink_axis_mask");
  if (input.empty() || !shrink_mask) return {{}};
  Sizes result;
  for (size_t i = 0; i < input.size(); ++i) {
    const int32_t bit = 1 << i;
    if (*shrink_mask & bit) continue;
    const bool known = begin && end && strides && begin_mask && end_mask && i < begin->size() && i < end->size() &&
                       i < strides->size() && (*strides)[i] != 0 && input[i] != 0;
    if (!known) {
      result.push_back(0);
      continue;
    }
    const int64_t size = input[i], stride = (*strides)[i];
    const int64_t from = *begin_mask & bit ? (stride > 0 ? 0 : size - 1) : (*begin)[i];
    const int64_t to = *end_mask & bit ? (stride > 0 ? size : -size - 1) : (*end)[i];
    result.push_back(checked_size(call, strided_count(size, from, to, stride)));
  }
  if (result.empty()) result.push_back(1);  // NNAPI has no tensors of rank 0
  return {result};
}

Shapes pad(Call& call) {
  Sizes result = call.sizes("input");
  const std::optional<std::vector<int32_t>> paddings = call.integers("paddings");
  if (result.empty()) return {as_long_as(call, "paddings")};
  for (size_t i = 0; i < result.size(); ++i) {
    const bool known = paddings && 2 * i + 1 < paddings->size() && result[i] != 0;
    result[i] = known ? checked_size(call, int64_t{result[i]} + (*paddings)[2 * i] + (*paddings)[2 * i + 1]) : 0;
  }
  return {result};
}

Shapes tile(Call& call) {
  Sizes result = call.sizes("input");
  const std::optional<std::vector<int32_t>> multiples = call.integers("multiples");
  if (result.empty()) return {as_long_as(call, "multiples")};
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = multiples && i < multiples->size() ? checked_size(call, int64_t{result[i]} * (*multiples)[i]) : 0;
  return {result};
}

/// The dimension gives way to those of the indices.
Shapes gather(Call& call) {
  Sizes result = call.sizes("input");
  const Sizes indices = call.sizes("indices");
  if (result.empty() || indices.empty()) return {{}};
  const std::optional<size_t> axis = dimension(call, "axis", result.size());
  if (!axis) return {Sizes(result.size() + indices.size() - 1, 0)};
  const auto place = result.erase(result.begin() + static_cast<std::ptrdiff_t>(*axis));
  result.insert(place, indices.begin(), indices.end());
  return {result};
}

Shapes depth_to_space(Call& call) {
  const Image input = image(call);
  const auto block = static_cast<uint32_t>(std::max(call.integer("block_size").value_or(0), 0));
  return {sizes(call, {input.batches, product(call, input.height, block), product(call, input.width, block),
                       quotient(call, input.channels, product(call, block, block))})};
}

Shapes space_to_depth(Call& call) {
  const Image input = image(call);
  const auto block = static_cast<uint32_t>(std::max(call.integer("block_size").value_or(0), 0));
  return {sizes(call, {input.batches, quotient(call, input.height, block), quotient(call, input.width, block),
                       product(call, input.channels, product(call, block, block))})};
}

Shapes batch_to_space(Call& call) {
  const Image input = image(call);
  const Sizes block = blocks(call);
  return {sizes(call, {quotient(call, input.batches, product(call, block[0], block[1])),
                       product(call, input.height, block[0]), product(call, input.width, block[1]), input.channels})};
}

Shapes space_to_batch(Call& call) {
  const Image input = image(call);
  const Sizes block = blocks(call);
  const std::optional<std::vector<int32_t>> paddings = call.integers("paddings");
  const auto padded = [&](uint32_t size, size_t row) {
    if (size == 0 || !paddings || paddings->size() != 4) return 0u;
    return checked_size(call, int64_t{size} + (*paddings)[2 * row] + (*paddings)[2 * row + 1]);
  };
  return {sizes(call, {product(call, input.batches, product(call, block[0], block[1])),
                       quotient(call, padded(input.height, 0), block[0]),
                       quotient(call, padded(input.width, 1), block[1]), input.channels})};
}

/// By size, or by a factor, as a float.
Shapes resize(Call& call) {
  const Image input = image(call);
  const auto size = [&](const char* wanted, const char* scale, uint32_t from) {
    if (const std::optional<int32_t> given = call.integer(wanted)) return checked_size(call, *given);
    const std::optional<float> factor = call.real(scale);
    if (!factor || from == 0) return 0u;
    const float scaled = std::floor(static_cast<float>(from) * *factor);
    constexpr float most = 1 << 30;
    return checked_size(call, scaled >= 0 && scaled <= most ? static_cast<int64_t>(scaled) : -1);
  };
  return {sizes(call, {input.batches, size("output_height", "height_scale", input.height),
                       size("output_width", "width_scale", input.width), input.channels})};
}

Shapes fill(Call& call) {
  const std::optional<std::vector<int32_t>> given = call.integers("dims");
  if (!given) return {as_long_as(call, "dims")};
  Sizes result;
  for (int32_t size : *given) result.push_back(checked_size(call, size));
  return {result};
}

}  // namespace passerelle::nnapi::shapes
