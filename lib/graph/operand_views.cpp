#include "passerelle/graph/operand_views.h"

namespace passerelle::graph {
namespace {

using nnapi::OperandView;

/// Rules look into short constants (axes, paddings, shapes, permutations), never into weights.
constexpr size_t longest_value = 1024;

/// An argument that was left out is written as its default: lists are whole.
Argument written(const Argument& argument, const nnapi::ArgumentSpec& spec) {
  if (!std::holds_alternative<std::monostate>(argument)) return argument;
  if (const auto* integer = std::get_if<int32_t>(&spec.default_value)) return *integer;
  if (const auto* real = std::get_if<float>(&spec.default_value)) return *real;
  if (const auto* boolean = std::get_if<bool>(&spec.default_value)) return *boolean;
  return argument;
}

}  // namespace

void OperandViews::add(const Argument& argument) {
  if (const auto* id = std::get_if<OperandId>(&argument)) {
    views_.push_back(view(*id));
  } else if (const auto* ids = std::get_if<std::vector<OperandId>>(&argument)) {
    for (OperandId each : *ids) views_.push_back(view(each));
  } else if (const auto* integer = std::get_if<int32_t>(&argument)) {
    views_.push_back(scalar(OperandType::INT32, integer, sizeof(*integer)));
  } else if (const auto* real = std::get_if<float>(&argument)) {
    views_.push_back(scalar(OperandType::FLOAT32, real, sizeof(*real)));
  } else if (const auto* boolean = std::get_if<bool>(&argument)) {
    views_.push_back(scalar(OperandType::BOOL, boolean, sizeof(*boolean)));
  } else if (std::holds_alternative<GraphId>(argument)) {
    OperandView model;
    model.type = OperandType::MODEL;
    views_.push_back(model);
  } else {
    OperandView omitted;
    omitted.omitted = true;
    views_.push_back(omitted);
  }
}

OperandView OperandViews::view(OperandId id) {
  const Operand& operand = graph_[id];
  OperandView result;
  result.type = operand.type.type;
  result.dimensions = operand.type.shape;
  result.scale = operand.type.quantization.scale;
  result.zero_point = operand.type.quantization.zero_point;
  result.channel_scales = operand.type.quantization.channel_scales;
  result.channel_dimension = operand.type.quantization.channel_dimension;
  result.is_constant = operand.constant.has_value();
  if (operand.constant && operand.constant->byte_size() <= longest_value) {
    values_.emplace_back(operand.constant->byte_size());
    operand.constant->copy_to(values_.back().data());
    result.value = values_.back().data();
    result.value_size = values_.back().size();
  }
  return result;
}

OperandView OperandViews::scalar(OperandType type, const void* value, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(value);
  values_.emplace_back(bytes, bytes + size);
  OperandView result;
  result.type = type;
  result.is_constant = true;
  result.value = values_.back().data();
  result.value_size = size;
  return result;
}

Expected<std::vector<nnapi::ResultType>> infer(const Graph& graph, const Operation& operation) {
  const Span<const nnapi::ArgumentSpec> table = nnapi::argument_table(*operation.type);
  OperandViews views(graph);
  for (size_t i = 0; i < operation.arguments.size(); ++i) views.add(written(operation.arguments[i], table[i]));
  return nnapi::infer(*operation.type, views.views());
}

}  // namespace passerelle::graph
