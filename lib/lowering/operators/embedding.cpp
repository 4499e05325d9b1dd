// Bags of embeddings: rows of a table, summed up, averaged, or the greatest of them; rows of tables of bytes. Single
// rows of floats are indexing.cpp's.
#include <algorithm>
#include <optional>
#include <vector>

#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

enum class Mode { sum = 0, mean = 1, greatest = 2 };

struct Bag {
  uint32_t begin;
  uint32_t size;
};

std::vector<Bag> read_bags(Context& context, uint32_t rows, Mode mode) {
  std::vector<int64_t> bounds = context.required_constant("offsets").integers();
  if (!context.boolean("include_last_offset")) bounds.push_back(rows);
  // Then LibTorch 1.13 divides the last bag's sum by the number of all the rows that are left.
  if (mode != Mode::sum && bounds.back() != rows)
    context.refuse(Reason::argument, "its last offset is not the number of its indices", "cut the indices off there");
  std::vector<Bag> bags;
  for (size_t i = 0; i + 1 < bounds.size(); ++i)
    bags.push_back({static_cast<uint32_t>(bounds[i]), static_cast<uint32_t>(bounds[i + 1] - bounds[i])});
  return bags;
}

/// The number of the row that counts as absent.
std::optional<uint32_t> padding_row(Context& context, uint32_t rows) {
  // Among _embedding_bag's arguments -1 is "none"; among embedding_bag's it is the last row.
  const bool is_inner = context.op() == "aten::_embedding_bag";
  if (context.is_none("padding_idx") || (is_inner && context.integer("padding_idx") < 0)) return std::nullopt;
  return Context::dimension(context.integer("padding_idx"), rows);
}

/// A row of zeros adds nothing to a sum.
Value without_padding_row(Context& context, Value table, Mode mode) {
  const Shape shape = table.shape();
  const std::optional<uint32_t> row = padding_row(context, shape[0]);
  if (!row) return table;
  if (mode != Mode::sum || !table.is_constant())
    context.refuse(Reason::argument, "its padding_idx is for sums of a constant table's rows only",
                   "leave out padding_idx, or use mode 'sum'");
  std::vector<float> values = table.constant()->floats();
  std::fill_n(values.begin() + static_cast<ptrdiff_t>(*row) * shape[1], shape[1], 0.0f);
  return context.constant_operand(Constant::from(std::move(values), shape));
}

/// [bags, size, width] to [bags, width].
Value reduced(Context& context, Value rows, Mode mode) {
  const OperationType operation = mode == Mode::mean ? Op::MEAN : mode == Mode::sum ? Op::REDUCE_SUM : Op::REDUCE_MAX;
  return reduce(operation, rows, {1}, false);
}

/// `rows`: [all, width].
Value reduced_bags(Context& context, Value rows, const std::vector<Bag>& bags, Mode mode) {
  const auto count = static_cast<uint32_t>(bags.size());
  const uint32_t width = rows.shape()[1], size = bags.front().size;
  const bool are_equal = std::all_of(bags.begin(), bags.end(), [&](const Bag& bag) { return bag.size == size; });
  if (are_equal && size * count == rows.shape()[0]) return reduced(context, reshape(rows, {count, size, width}), mode);
  Values results;
  for (const Bag& bag : bags) {
    if (bag.size == 0) {
      results.push_back(context.constant_operand(Constant::filled(0, {1, width})));
      continue;
    }
    const Value inside = sliced(context, rows, 0, bag.begin, bag.size);
    results.push_back(reduced(context, reshape(inside, {1, bag.size, width}), mode));
  }
  return concatenated(context, results, 0);
}

/// GATHER takes indices of any shape, RESHAPE integers from feature level 6 on only: what was flattened before is
/// flattened afterwards.
Value before_reshape(Context& context, Value indices) {
  for (const graph::Operation& operation : context.graph().operations)
    if (operation.is(Op::RESHAPE) && operation.output() == indices) return context.value(operation.operand("input"));
  return indices;
}

/// [indices, width]
Value rows_of_table(Context& context, Value table, Value indices) {
  const Value rows = gathered(context, table, 0, before_reshape(context, indices));
  return reshape(rows, {indices.shape()[0], table.shape()[1]});
}

void lower_embedding_bag(Context& context) {
  const auto mode = static_cast<Mode>(context.integer("mode"));
  const Value indices = context.tensor("indices");
  if (indices.rank() != 1)
    context.refuse(Reason::argument, "its indices have more than one dimension", "flatten them, and give offsets");
  const std::vector<Bag> bags = read_bags(context, indices.shape()[0], mode);
  const Value table = without_padding_row(context, context.tensor("weight"), mode);
  if (!table.is(OperandType::TENSOR_FLOAT32))
    context.refuse(Reason::element_type, "embedding bags are converted in float32 only",
                   "convert the model with .float()");
  Value rows = rows_of_table(context, table, indices);
  if (!context.is_none("per_sample_weights")) {
    const Value factors = context.tensor("per_sample_weights");
    rows = rows * reshape(factors, {factors.shape()[0], 1});
  }
  context.result(reduced_bags(context, rows, bags, mode));
}

// --- Tables of bytes: each row has a scale, and a zero point that is no integer.

/// [.., width] for indices [..]: (integer - zero point) * scale, in LibTorch's order of rounding. The table stays
/// bytes.
Value rows_of_bytes(Context& c, Value indices) {
  const std::vector<trace::Value>& packed = c.list("weight");
  constexpr size_t parts = 4;  // bits, integers, scales, zero points
  if (packed.size() < parts)
    c.refuse(Reason::quantization, "its table has 4 bits an element, which NNAPI lacks",
             "quantize it to torch.quint8 (float_qparams_weight_only_qconfig)");
  const auto constant = [&](size_t part) { return *c.info(*packed[part].tensor()).constant; };
  const Constant integers = constant(1);
  const std::vector<float> scales = constant(2).floats(), zero_points = constant(3).floats();
  std::vector<float> offsets;
  for (size_t i = 0; i < scales.size(); ++i) offsets.push_back(-zero_points[i] * scales[i]);
  graph::Quantization whole;
  whole.scale = 1;
  const Value table = c.builder().constant(integers.shifted(0, graph::ElementType::quint8), whole);
  const Value rows = gathered(c, table, 0, indices);
  const auto of_rows = [&](std::vector<float> values) {
    const auto count = static_cast<uint32_t>(values.size());
    return gathered(c, c.constant_operand(Constant::from(std::move(values), {count, 1})), 0, indices);
  };
  const Value scaled = dequantize(rows) * of_rows(scales);
  return scaled + of_rows(std::move(offsets));
}

void refuse_pruned(Context& c) {
  const bool is_mapped = c.has("compressed_indices_mapping") && !c.is_none("compressed_indices_mapping");
  if (c.boolean("pruned_weights") || is_mapped)
    c.refuse(Reason::argument, "its table is pruned: which row an index means stands in another table",
             "quantize the whole table");
}

void lower_embedding_byte(Context& c) {
  refuse_pruned(c);
  c.result(rows_of_bytes(c, c.tensor("indices")));
}

/// Sums, whatever the mode.
void lower_embedding_bag_byte(Context& c) {
  refuse_pruned(c);
  const Value indices = c.tensor("indices");
  if (indices.rank() != 1 || c.is_none("offsets"))
    c.refuse(Reason::argument, "its indices have more than one dimension", "flatten them, and give offsets");
  const uint32_t count = indices.shape()[0];
  Value rows = rows_of_bytes(c, before_reshape(c, indices));
  rows = reshape(rows, {count, rows.shape().back()});
  if (!c.is_none("per_sample_weights")) rows = rows * reshape(c.tensor("per_sample_weights"), {count, 1});
  c.result(reduced_bags(c, rows, read_bags(c, count, Mode::sum), Mode::sum));
}

constexpr std::string_view becomes = "GATHER, REDUCE_SUM, MEAN, REDUCE_MAX";
constexpr std::string_view limits =
    "offsets that are computed from the input; padding_idx but for sums; results but the first";

constexpr std::string_view of_bytes = "GATHER, DEQUANTIZE, MUL, ADD", of_bytes_limits = "pruned tables";

constexpr Lowering table[] = {
    {"aten::embedding_bag", lower_embedding_bag, becomes, limits},
    {"aten::_embedding_bag", lower_embedding_bag, becomes, limits},
    {"quantized::embedding_byte", lower_embedding_byte, of_bytes, of_bytes_limits},
    {"quantized::embedding_bag_byte", lower_embedding_bag_byte, "GATHER, DEQUANTIZE, MUL, ADD, REDUCE_SUM",
     "pruned tables; offsets that are computed from the input"},
    {"quantized::embedding_4bit", lower_embedding_byte, "", "always"},
    {"quantized::embedding_bag_4bit", lower_embedding_bag_byte, "", "always"},
};

}  // namespace

Span<const Lowering> embedding_lowerings() { return table; }

}  // namespace passerelle::lowering
