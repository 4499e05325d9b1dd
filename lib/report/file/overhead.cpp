// Why an operation that moves or converts data, and computes nothing, is in a file.
#include <algorithm>

#include "facts.h"

namespace passerelle::report {
namespace {

using nnapi::OperationType;

/// Operators of a model that mean what these operations do.
bool asked_for(OperationType type, const std::string& op) {
  const auto is = [&](std::initializer_list<const char*> names) {
    return std::find(names.begin(), names.end(), op) != names.end();
  };
  switch (type) {
    case OperationType::TRANSPOSE:
      return is({"aten::permute", "aten::transpose", "aten::t", "aten::swapaxes", "aten::swapdims", "aten::movedim",
                 "aten::moveaxis", "aten::numpy_T", "aten::mT", "aten::channel_shuffle", "aten::pixel_shuffle",
                 "aten::pixel_unshuffle"});
    case OperationType::CAST:
      return is({"aten::to", "aten::_to_copy", "aten::type_as", "aten::float", "aten::int"}) ||
             op.compare(0, 12, "aten::_cast_") == 0;
    case OperationType::QUANTIZE: return is({"aten::quantize_per_tensor"});
    case OperationType::DEQUANTIZE: return is({"aten::dequantize"});
    default: return false;
  }
}

const FilePort* port_of(const std::vector<FilePort>& ports, uint32_t operand) {
  for (const FilePort& port : ports)
    if (port.operand == operand) return &port;
  return nullptr;
}

/// "CONV_2D (3)", of the operation that makes an operand, or the first that reads it; empty for none.
std::string neighbour(const FileReport& report, uint32_t operand, bool maker) {
  for (uint32_t i = 0; i < report.operations.size(); ++i) {
    const FileOperation& operation = report.operations[i];
    const std::vector<uint32_t>& operands = maker ? operation.outputs : operation.inputs;
    if (std::find(operands.begin(), operands.end(), operand) != operands.end())
      return operation.name + " (" + std::to_string(i) + ")";
  }
  return {};
}

std::string between(const std::string& before, const std::string& after) {
  if (before.empty()) return after.empty() ? std::string() : "before " + after;
  return after.empty() ? "behind " + before : "between " + before + " and " + after;
}

std::string transpose_why(const FileReport& report, const FileOperation& operation, const std::string& place) {
  const graph::Shape& before = report.operands[operation.inputs[0]].shape;
  const graph::Shape& after = report.operands[operation.outputs[0]].shape;
  const bool images = before.size() == 4;
  if (const FilePort* input = port_of(report.inputs, operation.inputs[0]);
      input && images && after == graph::permuted(before, graph::nchw_to_nhwc))
    return "the app hands over " + input->name +
           " as NCHW and NNAPI computes in NHWC; with :nhwc behind the input's "
           "shape it is gone";
  if (const FilePort* output = port_of(report.outputs, operation.outputs[0]);
      output && images && after == graph::permuted(before, graph::nhwc_to_nchw))
    return "the app gets " + output->name + " as NCHW and NNAPI computes in NHWC; with --output-layout nhwc it is gone";
  return place + ", which want different orders of dimensions";
}

}  // namespace

std::string why_overhead(const FileReport& report, uint32_t index) {
  const FileOperation& operation = report.operations[index];
  if (!is_overhead(operation.type) || operation.inputs.empty() || operation.outputs.empty()) return {};
  if (asked_for(operation.type, operation.origin.op)) return "the model asks for it: " + operation.origin.op;
  const std::string place =
      between(neighbour(report, operation.inputs[0], true), neighbour(report, operation.outputs[0], false));
  if (operation.type == OperationType::TRANSPOSE) return transpose_why(report, operation, place);
  const auto type = [&](uint32_t operand) { return std::string(nnapi::name(report.operands[operand].type)); };
  const std::string types = type(operation.inputs[0]) + " to " + type(operation.outputs[0]);
  const std::string maker = operation.origin.op.empty() ? "" : ", made for " + operation.origin.op;
  return (place.empty() ? "" : place + ", ") + types + maker;
}

}  // namespace passerelle::report
