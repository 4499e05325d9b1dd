#include "axis_rules.h"

#include <algorithm>

#include "editor.h"

namespace passerelle::passes {
namespace {

struct Row {
  OperationType type;
  AxisRule rule;
  std::vector<std::string_view> arguments;  // that name axes, or have a row for each
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {Op::CONCATENATION, AxisRule::axis, {"axis"}},
      {Op::SPLIT, AxisRule::axis, {"axis"}},
      {Op::SOFTMAX, AxisRule::axis, {"axis"}},
      {Op::LOG_SOFTMAX, AxisRule::axis, {"axis"}},
      {Op::L2_NORMALIZATION, AxisRule::axis, {"axis"}},
      {Op::LOCAL_RESPONSE_NORMALIZATION, AxisRule::axis, {"axis"}},
      {Op::CHANNEL_SHUFFLE, AxisRule::axis, {"axis"}},
      {Op::ARGMAX, AxisRule::axis, {"axis"}},
      {Op::ARGMIN, AxisRule::axis, {"axis"}},
      {Op::GATHER, AxisRule::axis, {"axis"}},
      {Op::MEAN, AxisRule::axes, {"axes"}},
      {Op::REDUCE_ALL, AxisRule::axes, {"axes"}},
      {Op::REDUCE_ANY, AxisRule::axes, {"axes"}},
      {Op::REDUCE_MAX, AxisRule::axes, {"axes"}},
      {Op::REDUCE_MIN, AxisRule::axes, {"axes"}},
      {Op::REDUCE_PROD, AxisRule::axes, {"axes"}},
      {Op::REDUCE_SUM, AxisRule::axes, {"axes"}},
      {Op::REVERSE, AxisRule::axes, {"axis"}},
      {Op::PAD, AxisRule::per_dimension, {"paddings"}},
      {Op::PAD_V2, AxisRule::per_dimension, {"paddings"}},
      {Op::MIRROR_PAD, AxisRule::per_dimension, {"paddings"}},
      {Op::SLICE, AxisRule::per_dimension, {"begin", "size"}},
      {Op::STRIDED_SLICE, AxisRule::per_dimension, {"begin", "end", "strides"}},
      {Op::TILE, AxisRule::per_dimension, {"multiples"}},
  };
  return table;
}

const Row* row(OperationType type) {
  for (const Row& each : rows())
    if (each.type == type) return &each;
  return nullptr;
}

bool keeps_dimensions(const Operation& operation) {
  switch (*operation.type) {
    case Op::ARGMAX:
    case Op::ARGMIN: return false;
    case Op::MEAN: return operation.integer("keep_dims") != 0;
    case Op::REDUCE_ALL:
    case Op::REDUCE_ANY:
    case Op::REDUCE_MAX:
    case Op::REDUCE_MIN:
    case Op::REDUCE_PROD:
    case Op::REDUCE_SUM: return operation.boolean("keep_dims");
    default: return true;
  }
}

/// Where the rule needs constants, they are; where it needs one rank, it is one. An axis that is left out is the last
/// one wherever the dimensions lie: below feature level 3 SOFTMAX has no other.
bool applies(const Graph& graph, const Operation& operation, const Row& rule) {
  if (rule.rule == AxisRule::axis && std::holds_alternative<std::monostate>(operation.argument(rule.arguments.front())))
    return false;
  if (rule.rule == AxisRule::axes || rule.rule == AxisRule::per_dimension)
    for (std::string_view name : rule.arguments)
      if (!graph.is_constant(operation.operand(name))) return false;
  if (operation.is(Op::GATHER)) return graph.shape(operation.operand("indices")).size() == 1;
  if (operation.is(Op::STRIDED_SLICE))
    return operation.integer("begin_mask") == 0 && operation.integer("end_mask") == 0 &&
           operation.integer("shrink_axis_mask") == 0;
  return true;
}

bool has_equal_ranks(const Graph& graph, const Operation& operation) {
  size_t rank = graph.shape(operation.output()).size();
  std::vector<OperandId> inputs = permutable_inputs(operation);
  return std::all_of(inputs.begin(), inputs.end(), [&](OperandId id) {
    return graph.shape(id).size() == rank || graph::element_count(graph.shape(id)) == 1 || graph.is_constant(id);
  });
}

std::vector<uint32_t> named_axes(const Graph& graph, const Operation& operation, const Row& rule, size_t rank) {
  if (rule.rule == AxisRule::axis) return {normalised_axis(operation.integer(rule.arguments.front()), rank)};
  std::vector<int32_t> given = constant_list(graph, operation.operand(rule.arguments.front())).value();
  std::vector<uint32_t> axes;
  for (int32_t axis : given) axes.push_back(normalised_axis(axis, rank));
  return axes;
}

/// Row i of a constant goes to row position[i].
OperandId moved_rows(Graph& graph, OperandId id, const std::vector<uint32_t>& position) {
  std::vector<int32_t> values = *constant_list(graph, id);
  const Shape& shape = graph.shape(id);
  size_t width = values.size() / position.size();
  std::vector<int32_t> moved(values.size());
  for (size_t i = 0; i < position.size(); ++i)
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                moved.begin() + static_cast<std::ptrdiff_t>(position[i] * width));
  return graph.add_constant(Constant::from(std::move(moved), shape));
}

}  // namespace

bool is_elementwise(OperationType type) {
  switch (type) {
    case Op::ADD:
    case Op::SUB:
    case Op::MUL:
    case Op::DIV:
    case Op::MAXIMUM:
    case Op::MINIMUM:
    case Op::POW:
    case Op::PRELU:
    case Op::SELECT:
    case Op::CAST:
    case Op::QUANTIZE:
    case Op::DEQUANTIZE:
    case Op::RELU:
    case Op::RELU1:
    case Op::RELU6:
    case Op::LOGISTIC:
    case Op::TANH:
    case Op::ELU:
    case Op::HARD_SWISH:
    case Op::FLOOR:
    case Op::ABS:
    case Op::NEG:
    case Op::EXP:
    case Op::LOG:
    case Op::SQRT:
    case Op::RSQRT:
    case Op::SIN:
    case Op::EQUAL:
    case Op::NOT_EQUAL:
    case Op::LESS:
    case Op::LESS_EQUAL:
    case Op::GREATER:
    case Op::GREATER_EQUAL:
    case Op::LOGICAL_AND:
    case Op::LOGICAL_OR:
    case Op::LOGICAL_NOT: return true;
    default: return false;
  }
}

AxisRule axis_rule(const Graph& graph, const Operation& operation) {
  if (!operation.type) return AxisRule::rigid;
  if (is_elementwise(*operation.type))
    return has_equal_ranks(graph, operation) ? AxisRule::elementwise : AxisRule::rigid;
  const Row* rule = row(*operation.type);
  return rule && applies(graph, operation, *rule) ? rule->rule : AxisRule::rigid;
}

std::vector<OperandId> permutable_inputs(const Operation& operation) {
  if (is_elementwise(*operation.type) || operation.is(Op::CONCATENATION)) return operation.inputs();
  return {operation.operand("input")};
}

std::vector<uint32_t> surviving_axes(const Graph& graph, const Operation& operation) {
  size_t rank = graph.shape(permutable_inputs(operation).front()).size();
  if (is_elementwise(*operation.type)) rank = graph.shape(operation.output()).size();
  std::vector<uint32_t> axes = graph::identity_permutation(rank);
  if (keeps_dimensions(operation)) return axes;
  for (uint32_t dropped : named_axes(graph, operation, *row(*operation.type), rank))
    axes.erase(std::remove(axes.begin(), axes.end(), dropped), axes.end());
  return axes;
}

const std::vector<std::string_view>& axis_arguments(OperationType type) { return row(type)->arguments; }

int32_t neutral_row(std::string_view argument, uint32_t size) {
  if (argument == "size" || argument == "end") return static_cast<int32_t>(size);
  if (argument == "strides" || argument == "multiples") return 1;
  return 0;  // paddings, begin
}

std::vector<bool> involved_dimensions(const Graph& graph, const Operation& operation) {
  const Row& rule = *row(*operation.type);
  const Shape& shape = graph.shape(permutable_inputs(operation).front());
  std::vector<bool> involved(shape.size(), false);
  if (rule.rule != AxisRule::per_dimension) {
    for (uint32_t axis : named_axes(graph, operation, rule, shape.size())) involved[axis] = true;
    return involved;
  }
  for (std::string_view name : rule.arguments) {
    std::vector<int32_t> rows = constant_list(graph, operation.operand(name)).value();
    size_t width = rows.size() / shape.size();
    for (size_t i = 0; i < rows.size(); ++i)
      if (rows[i] != neutral_row(name, shape[i / width])) involved[i / width] = true;
  }
  return involved;
}

void keep_dimensions(Operation& operation) {
  if (nnapi::argument_index(*operation.type, "keep_dims") < 0) return;
  if (operation.is(Op::MEAN))
    operation.argument("keep_dims") = int32_t{1};
  else
    operation.argument("keep_dims") = true;
}

void move_axes(Graph& graph, Operation& operation, const std::vector<uint32_t>& position) {
  const Row* rule = row(*operation.type);
  if (!rule) return;
  switch (rule->rule) {
    case AxisRule::axis: {
      uint32_t axis = normalised_axis(operation.integer(rule->arguments.front()), position.size());
      operation.argument(rule->arguments.front()) = static_cast<int32_t>(position[axis]);
      break;
    }
    case AxisRule::axes: {
      std::vector<int32_t> moved;
      for (uint32_t axis : named_axes(graph, operation, *rule, position.size()))
        moved.push_back(static_cast<int32_t>(position[axis]));
      std::sort(moved.begin(), moved.end());
      operation.argument(rule->arguments.front()) = graph.add_constant(Constant::list(moved));
      break;
    }
    case AxisRule::per_dimension:
      for (std::string_view name : rule->arguments)
        operation.argument(name) = moved_rows(graph, operation.operand(name), position);
      break;
    default: break;
  }
}

}  // namespace passerelle::passes
