#include "axis_rules.h"

#include <algorithm>

#include "editor.h"

namespace passerelle::passes {
namespace {

bool keeps_dimensions(const Operation& operation) {
  if (operation.is(Op::ARGMAX) || operation.is(Op::ARGMIN)) return false;
  if (operation.is(Op::MEAN)) return operation.integer("keep_dims") != 0;
  return nnapi::argument_index(*operation.type, "keep_dims") < 0 || operation.boolean("keep_dims");
}

/// Where the rule needs constants, they are; where it needs one rank, it is one. An axis that is left out is the last
/// one wherever the dimensions lie: below feature level 3 SOFTMAX has no other.
bool applies(const Graph& graph, const Operation& operation, const nnapi::Traits& traits) {
  const std::vector<std::string_view>& arguments = traits.axis_arguments;
  if (traits.axes == AxisRule::axis && std::holds_alternative<std::monostate>(operation.argument(arguments.front())))
    return false;
  if (traits.axes == AxisRule::axes || traits.axes == AxisRule::per_dimension)
    for (std::string_view name : arguments)
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

std::vector<uint32_t> named_axes(const Graph& graph, const Operation& operation, size_t rank) {
  const nnapi::Traits& traits = nnapi::traits(*operation.type);
  const std::string_view argument = traits.axis_arguments.front();
  if (traits.axes == AxisRule::axis) return {normalised_axis(operation.integer(argument), rank)};
  const std::vector<int32_t> given = constant_list(graph, operation.operand(argument)).value();
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

bool is_elementwise(OperationType type) { return nnapi::traits(type).axes == AxisRule::elementwise; }

AxisRule axis_rule(const Graph& graph, const Operation& operation) {
  if (!operation.type) return AxisRule::rigid;
  const nnapi::Traits& traits = nnapi::traits(*operation.type);
  const bool as_usual =
      traits.axes == AxisRule::elementwise ? has_equal_ranks(graph, operation) : applies(graph, operation, traits);
  return as_usual ? traits.axes : AxisRule::rigid;
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
  for (uint32_t dropped : named_axes(graph, operation, rank))
    axes.erase(std::remove(axes.begin(), axes.end(), dropped), axes.end());
  return axes;
}

const std::vector<std::string_view>& axis_arguments(OperationType type) { return nnapi::traits(type).axis_arguments; }

int32_t neutral_row(std::string_view argument, uint32_t size) {
  if (argument == "size" || argument == "end") return static_cast<int32_t>(size);
  if (argument == "strides" || argument == "multiples") return 1;
  return 0;  // paddings, begin
}

std::vector<bool> involved_dimensions(const Graph& graph, const Operation& operation) {
  const nnapi::Traits& traits = nnapi::traits(*operation.type);
  const Shape& shape = graph.shape(permutable_inputs(operation).front());
  std::vector<bool> involved(shape.size(), false);
  if (traits.axes != AxisRule::per_dimension) {
    for (uint32_t axis : named_axes(graph, operation, shape.size())) involved[axis] = true;
    return involved;
  }
  for (std::string_view name : traits.axis_arguments) {
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
  const nnapi::Traits& traits = nnapi::traits(*operation.type);
  switch (traits.axes) {
    case AxisRule::axis: {
      Argument& argument = operation.argument(traits.axis_arguments.front());
      const uint32_t axis = named_axes(graph, operation, position.size()).front();
      argument = static_cast<int32_t>(position[axis]);
      break;
    }
    case AxisRule::axes: {
      std::vector<int32_t> moved;
      for (uint32_t axis : named_axes(graph, operation, position.size()))
        moved.push_back(static_cast<int32_t>(position[axis]));
      std::sort(moved.begin(), moved.end());
      operation.argument(traits.axis_arguments.front()) = graph.add_constant(Constant::list(moved));
      break;
    }
    case AxisRule::per_dimension:
      for (std::string_view name : traits.axis_arguments)
        operation.argument(name) = moved_rows(graph, operation.operand(name), position);
      break;
    default: break;
  }
}

}  // namespace passerelle::passes
