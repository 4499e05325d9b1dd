#include "graph.h"

#include <algorithm>

namespace passerelle::hostnn {

uint64_t byte_size(OperandType type, const std::vector<uint32_t>& dimensions) {
  uint64_t size = nnapi::element_size(type);
  if (!nnapi::is_tensor(type)) return size;
  if (dimensions.empty()) return 0;
  for (uint32_t dimension : dimensions) size *= dimension;
  return size;
}

bool exceeds_32_bits(OperandType type, const std::vector<uint32_t>& dimensions) {
  uint64_t size = nnapi::element_size(type);
  for (uint32_t dimension : dimensions) {
    size *= dimension;
    if (size > UINT32_MAX) return true;
  }
  return false;
}

bool has_unknown_size(const Operand& operand) {
  if (!nnapi::is_tensor(operand.type)) return false;
  return operand.dimensions.empty() ||
         std::find(operand.dimensions.begin(), operand.dimensions.end(), 0u) != operand.dimensions.end();
}

bool combine_dimensions(std::vector<uint32_t>& known, const std::vector<uint32_t>& other) {
  if (other.empty()) return true;
  if (known.empty()) {
    known = other;
    return true;
  }
  if (known.size() != other.size()) return false;
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i] != 0 && other[i] != 0 && known[i] != other[i]) return false;
    if (known[i] == 0) known[i] = other[i];
  }
  return true;
}

bool same_metadata(const Operand& a, const Operand& b) {
  return a.type == b.type && a.scale == b.scale && a.zero_point == b.zero_point &&
         a.channel_scales == b.channel_scales && a.channel_dimension == b.channel_dimension;
}

nnapi::OperandView view(const Operand& operand) {
  nnapi::OperandView view;
  view.type = operand.type;
  view.dimensions = operand.dimensions;
  view.scale = operand.scale;
  view.zero_point = operand.zero_point;
  view.channel_scales = operand.channel_scales;
  view.channel_dimension = operand.channel_dimension;
  view.is_constant = operand.lifetime == Lifetime::constant;
  view.omitted = operand.lifetime == Lifetime::no_value;
  if (view.is_constant) {
    view.value = operand.value;
    view.value_size = operand.value_size;
  }
  return view;
}

nnapi::Legality legality(const Graph& graph, const Operation& operation) {
  const auto views = [&](const std::vector<uint32_t>& indexes) {
    std::vector<nnapi::OperandView> result;
    result.reserve(indexes.size());
    for (uint32_t index : indexes) result.push_back(view(graph.operands[index]));
    return result;
  };
  return nnapi::legality(operation.type, views(operation.inputs), views(operation.outputs));
}

std::string to_string(const std::vector<uint32_t>& dimensions) {
  std::string text = "[";
  for (size_t i = 0; i < dimensions.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(dimensions[i]);
  return text + "]";
}

std::string describe(const Graph& graph, uint32_t operation) {
  return "operation " + std::to_string(operation) + " (" + std::string(nnapi::name(graph.operations[operation].type)) +
         ")";
}

}  // namespace passerelle::hostnn
