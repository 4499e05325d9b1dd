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
OperandId without_padding_row(Context& context, OperandId table, Mode mode) {
  const Shape shape = context.shape(table);
  const std::optional<uint32_t> row = padding_row(context, shape[0]);
  if (!row) return table;
  if (mode != Mode::sum || !context.graph().is_constant(table))
    context.refuse(Reason::argument, "its padding_idx is for sums of a constant table's rows only",
                   "leave out padding_idx, or use mode 'sum'");
  std::vector<float> values = context.graph()[table].constant->floats();
  std::fill_n(values.begin() + static_cast<ptrdiff_t>(*row) * shape[1], shape[1], 0.0f);
  return context.constant_operand(Constant::from(std::move(values), shape));
}

/// [bags, size, width] to [bags, width].
OperandId reduced(Context& context, OperandId rows, Mode mode) {
  const Shape shape = context.shape(rows);
  TensorType output = context.type(rows);
  output.shape = {shape[0], shape[2]};
  const OperandId axes = context.constant_operand(Constant::list({1}));
  if (mode == Mode::mean) return context.emit(Op::MEAN, {{"input", rows}, {"axes", axes}, {"keep_dims", 0}}, output);
  const OperationType operation = mode == Mode::sum ? Op::REDUCE_SUM : Op::REDUCE_MAX;
  return context.emit(operation, {{"input", rows}, {"axes", axes}, {"keep_dims", false}}, output);
}

/// `rows`: [all, width].
OperandId reduced_bags(Context& context, OperandId rows, const std::vector<Bag>& bags, Mode mode) {
  const auto count = static_cast<uint32_t>(bags.size());
  const uint32_t width = context.shape(rows)[1], size = bags.front().size;
  const bool are_equal = std::all_of(bags.begin(), bags.end(), [&](const Bag& bag) { return bag.size == size; });
  if (are_equal && size * count == context.shape(rows)[0])
    return reduced(context, context.reshape(rows, {count, size, width}), mode);
  std::vector<OperandId> results;
  for (const Bag& bag : bags) {
    if (bag.size == 0) {
      results.push_back(context.constant_operand(Constant::filled(0, {1, width})));
      continue;
    }
    const OperandId inside = sliced(context, rows, 0, bag.begin, bag.size);
    results.push_back(reduced(context, context.reshape(inside, {1, bag.size, width}), mode));
  }
  return concatenated(context, results, 0);
}

/// GATHER takes indices of any shape, RESHAPE integers from feature level 6 on only: what was flattened before is
/// flattened afterwards.
OperandId before_reshape(Context& context, OperandId indices) {
  for (const graph::Operation& operation : context.graph().operations)
    if (operation.is(Op::RESHAPE) && operation.output() == indices) return operation.operand("input");
  return indices;
}

/// [indices, width]
OperandId rows_of_table(Context& context, OperandId table, OperandId indices) {
  const OperandId rows = gathered(context, table, 0, before_reshape(context, indices));
  return context.reshape(rows, {context.shape(indices)[0], context.shape(table)[1]});
}

void lower_embedding_bag(Context& context) {
  const auto mode = static_cast<Mode>(context.integer("mode"));
  const OperandId indices = context.tensor("indices");
  if (context.rank(indices) != 1)
    context.refuse(Reason::argument, "its indices have more than one dimension", "flatten them, and give offsets");
  const std::vector<Bag> bags = read_bags(context, context.shape(indices)[0], mode);
  const OperandId table = without_padding_row(context, context.tensor("weight"), mode);
  if (context.type(table).type != OperandType::TENSOR_FLOAT32)
    context.refuse(Reason::element_type, "embedding bags are converted in float32 only",
                   "convert the model with .float()");
  OperandId rows = rows_of_table(context, table, indices);
  if (!context.is_none("per_sample_weights")) {
    const OperandId factors = context.tensor("per_sample_weights");
    rows = context.binary(Op::MUL, rows, context.reshape(factors, {context.shape(factors)[0], 1}));
  }
  context.result(reduced_bags(context, rows, bags, mode));
}

// --- Tables of bytes: each row has a scale, and a zero point that is no integer.

/// [.., width] for indices [..]: (integer - zero point) * scale, in LibTorch's order of rounding. The table stays
/// bytes.
OperandId rows_of_bytes(Context& c, OperandId indices) {
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
  const OperandId table = c.graph().add_constant(integers.shifted(0, graph::ElementType::quint8), whole);
  const OperandId rows = gathered(c, table, 0, indices);
  TensorType real = c.type(rows);
  real.type = OperandType::TENSOR_FLOAT32;
  real.quantization = {};
  const auto of_rows = [&](std::vector<float> values) {
    const auto count = static_cast<uint32_t>(values.size());
    return gathered(c, c.constant_operand(Constant::from(std::move(values), {count, 1})), 0, indices);
  };
  const OperandId scaled = c.binary(Op::MUL, c.emit(Op::DEQUANTIZE, {{"input", rows}}, real), of_rows(scales));
  return c.binary(Op::ADD, scaled, of_rows(std::move(offsets)));
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
  const OperandId indices = c.tensor("indices");
  if (c.rank(indices) != 1 || c.is_none("offsets"))
    c.refuse(Reason::argument, "its indices have more than one dimension", "flatten them, and give offsets");
  const uint32_t count = c.shape(indices)[0];
  OperandId rows = rows_of_bytes(c, before_reshape(c, indices));
  rows = c.reshape(rows, {count, c.shape(rows).back()});
  if (!c.is_none("per_sample_weights"))
    rows = c.binary(Op::MUL, rows, c.reshape(c.tensor("per_sample_weights"), {count, 1}));
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
