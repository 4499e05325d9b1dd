// The table of operations: every family's rows, by operation code.
#include <array>

#include "kernel.h"
#include "program.h"

namespace passerelle::hostnn {
namespace {

using Rows = std::vector<std::vector<const Row*>>;  // by operation code

const Rows& all_rows() {
  static const Rows rows = [] {
    Rows by_code(nnapi::all_operation_types().size());
    for (Span<const Row> family : {convolution_rows(),
                                   pooling_rows(),
                                   elementwise_rows(),
                                   activation_rows(),
                                   matrix_rows(),
                                   normalisation_rows(),
                                   reduction_rows(),
                                   comparison_rows(),
                                   shape_rows(),
                                   slicing_rows(),
                                   padding_rows(),
                                   resize_rows(),
                                   block_rows(),
                                   box_rows(),
                                   detection_rows(),
                                   keypoint_rows(),
                                   region_rows(),
                                   recurrent_rows(),
                                   lstm_rows(),
                                   quantization_rows(),
                                   quantized_elementwise_rows(),
                                   quantized_activation_rows(),
                                   quantized_convolution_rows(),
                                   quantized_matrix_rows(),
                                   quantized_image_rows(),
                                   quantized_lstm_rows()}) {
      for (const Row& row : family) by_code[static_cast<size_t>(row.type)].push_back(&row);
    }
    return by_code;
  }();
  return rows;
}

/// The set that a tensor's type belongs to; 0 where the host has no such type. Scalars are taken everywhere: lib/nnapi
/// says where they are legal.
unsigned set_of(OperandType type) {
  switch (type) {
    case OperandType::TENSOR_FLOAT16:
    case OperandType::TENSOR_FLOAT32: return float32;
    case OperandType::TENSOR_INT32: return int32;
    case OperandType::TENSOR_BOOL8: return bool8;
    case OperandType::TENSOR_QUANT8_ASYMM:
    case OperandType::TENSOR_QUANT8_ASYMM_SIGNED: return quant8;
    case OperandType::TENSOR_QUANT8_SYMM:
    case OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL: return weights8;
    case OperandType::TENSOR_QUANT16_SYMM:
    case OperandType::TENSOR_QUANT16_ASYMM: return quant16;
    default: return 0;
  }
}

bool is_known_scalar(OperandType type) {
  return type == OperandType::FLOAT32 || type == OperandType::FLOAT16 || type == OperandType::INT32 ||
         type == OperandType::BOOL;
}

const Rows::value_type& rows_of(OperationType type) { return all_rows()[static_cast<size_t>(type)]; }

bool accepts(const Row& row, OperandType type) { return is_known_scalar(type) || (row.accepts & set_of(type)) != 0; }

/// The first operand that the row does not accept, or null.
const Operand* first_strange(const Row& row, const Graph& graph, const Operation& operation) {
  for (const std::vector<uint32_t>* indexes : {&operation.inputs, &operation.outputs})
    for (uint32_t index : *indexes)
      if (!accepts(row, graph.operands[index].type)) return &graph.operands[index];
  return nullptr;
}

}  // namespace

const Row* find_row(const Graph& graph, const Operation& operation) {
  for (const Row* row : rows_of(operation.type))
    if (first_strange(*row, graph, operation) == nullptr) return row;
  return nullptr;
}

namespace {

bool is_control_flow(const Operation& operation) {
  return operation.type == OperationType::IF || operation.type == OperationType::WHILE;
}

/// IF and WHILE are supported where all operations of their models are.
std::string why_parts_unsupported(const Graph& graph, const Operation& operation) {
  for (uint32_t index : operation.inputs) {
    const Operand& operand = graph.operands[index];
    if (operand.lifetime != Lifetime::referenced_model) continue;
    for (const Operation& part : operand.model->operations)
      if (std::string reason = why_unsupported(*operand.model, part); !reason.empty()) return reason;
  }
  return {};
}

}  // namespace

std::string why_unsupported(const Graph& graph, const Operation& operation) {
  if (is_control_flow(operation)) return why_parts_unsupported(graph, operation);
  const std::string name(nnapi::name(operation.type));
  const Rows::value_type& rows = rows_of(operation.type);
  if (rows.empty()) return "the host NNAPI has no " + name;
  if (find_row(graph, operation) != nullptr) return {};
  // Of several rows, the one that is meant is the one that takes the first input.
  const Row* meant = rows.front();
  for (const Row* row : rows)
    if (!operation.inputs.empty() && accepts(*row, graph.operands[operation.inputs[0]].type)) meant = row;
  const OperandType type = first_strange(*meant, graph, operation)->type;
  return "the host NNAPI's " + name + " takes no " + std::string(nnapi::name(type));
}

}  // namespace passerelle::hostnn
