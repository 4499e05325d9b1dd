// Bags of embeddings: rows of a table, summed up, averaged, or the greatest of them. Single rows are indexing.cpp's.
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

constexpr std::string_view becomes = "GATHER, REDUCE_SUM, MEAN, REDUCE_MAX";
constexpr std::string_view limits =
    "offsets that are computed from the input; padding_idx but for sums; results but the first";

constexpr Lowering table[] = {
    {"aten::embedding_bag", lower_embedding_bag, becomes, limits},
    {"aten::_embedding_bag", lower_embedding_bag, becomes, limits},
};

}  // namespace

Span<const Lowering> embedding_lowerings() { return table; }

}  // namespace passerelle::lowering
