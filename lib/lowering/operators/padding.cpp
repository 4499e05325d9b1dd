// Padding. Negative padding crops. A border that repeats the tensor's own elements is a GATHER with known indices, one
// a dimension: every level from 3 on has it, and it is the same in any layout.
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// Before and after one dimension.
struct Sides {
  int64_t before = 0;
  int64_t after = 0;
};

/// PyTorch lists the last dimension first, and leaves out leading ones.
std::vector<Sides> sides(const std::vector<int64_t>& list, size_t rank) {
  std::vector<Sides> result(rank);
  for (size_t i = 0; i + 1 < list.size() && i / 2 < rank; i += 2) result[rank - 1 - i / 2] = {list[i], list[i + 1]};
  return result;
}

Value cropped(Context& context, Value x, const std::vector<Sides>& padding) {
  for (size_t i = 0; i < padding.size(); ++i) {
    auto size = static_cast<int64_t>(x.shape()[i]);
    int64_t begin = std::max<int64_t>(0, -padding[i].before), end = size + std::min<int64_t>(0, padding[i].after);
    x = sliced(context, x, static_cast<uint32_t>(i), static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin));
  }
  return x;
}

void pad_constant(Context& context, const std::vector<int64_t>& list, double value) {
  Value x = context.tensor("self");
  std::vector<Sides> padding = sides(list, x.rank());
  std::vector<std::pair<int32_t, int32_t>> added;
  for (const Sides& side : padding)
    added.emplace_back(static_cast<int32_t>(std::max<int64_t>(0, side.before)),
                       static_cast<int32_t>(std::max<int64_t>(0, side.after)));
  context.result(padded(context, cropped(context, x, padding), added, value));
}

/// Where the element at `position` (negative before the first, `size` or more after the last) is taken from.
using Border = int64_t (*)(int64_t position, int64_t size);

int64_t reflected(int64_t position, int64_t size) {
  if (position < 0) return -position;
  return position < size ? position : 2 * (size - 1) - position;
}
int64_t replicated(int64_t position, int64_t size) { return std::min(std::max<int64_t>(position, 0), size - 1); }
int64_t wrapped(int64_t position, int64_t size) { return (position % size + size) % size; }

void pad_with(Context& context, const std::vector<int64_t>& list, Border border) {
  Value x = context.tensor("self");
  std::vector<Sides> padding = sides(list, x.rank());
  for (size_t i = 0; i < padding.size(); ++i) {
    auto size = static_cast<int64_t>(x.shape()[i]);
    std::vector<int32_t> indices;
    for (int64_t position = -padding[i].before; position < size + padding[i].after; ++position)
      indices.push_back(static_cast<int32_t>(border(position, size)));
    x = gathered(context, x, static_cast<uint32_t>(i), indices);
  }
  context.result(x);
}

struct Mode {
  std::string_view name;
  Border border;  ///< none: a constant
};

/// In the order of at::padding_mode, which _pad_enum counts.
constexpr Mode modes[] = {
    {"reflect", reflected}, {"replicate", replicated}, {"circular", wrapped}, {"constant", nullptr}};

void pad(Context& context, const Mode& mode) {
  if (mode.border) return pad_with(context, context.integers("pad"), mode.border);
  pad_constant(context, context.integers("pad"), context.number_or("value", 0));
}

void lower_pad(Context& context) {
  std::string name = context.string("mode");
  for (const Mode& mode : modes)
    if (mode.name == name) return pad(context, mode);
  context.refuse(Reason::argument, "its padding mode is " + name);
}

void lower_pad_enum(Context& context) {
  int64_t number = context.integer("mode");
  if (number < 0 || number >= 4) context.refuse(Reason::argument, "its padding mode is " + std::to_string(number));
  pad(context, modes[number]);
}

void lower_constant_pad(Context& context) { pad(context, modes[3]); }
void lower_pad_circular(Context& context) { pad_with(context, context.integers("pad"), wrapped); }
void lower_reflection_pad(Context& context) { pad_with(context, context.integers("padding"), reflected); }
void lower_replication_pad(Context& context) { pad_with(context, context.integers("padding"), replicated); }

constexpr Lowering table[] = {
    {"aten::constant_pad_nd", lower_constant_pad, "PAD, PAD_V2, SLICE", ""},
    {"aten::pad", lower_pad, "PAD, PAD_V2, SLICE, GATHER", ""},
    {"aten::_pad_enum", lower_pad_enum, "PAD, PAD_V2, SLICE, GATHER", ""},
    {"aten::_pad_circular", lower_pad_circular, "GATHER", ""},
    {"aten::reflection_pad1d", lower_reflection_pad, "GATHER", ""},
    {"aten::reflection_pad2d", lower_reflection_pad, "GATHER", ""},
    {"aten::reflection_pad3d", lower_reflection_pad, "GATHER", ""},
    {"aten::replication_pad1d", lower_replication_pad, "GATHER", ""},
    {"aten::replication_pad2d", lower_replication_pad, "GATHER", ""},
    {"aten::replication_pad3d", lower_replication_pad, "GATHER", ""},
};

}  // namespace

Span<const Lowering> padding_lowerings() { return table; }

}  // namespace passerelle::lowering
