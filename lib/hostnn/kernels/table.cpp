// The table of operations: every family's rows, by operation code.
#include <array>

#include "kernels/kernel.h"
#include "program.h"

namespace passerelle::hostnn {
namespace {

using Rows = std::vector<const Row*>;

const Rows& all_rows() {
  static const Rows rows = [] {
    Rows by_code(nnapi::all_operation_types().size());
    for (Span<const Row> family :
         {convolution_rows(), pooling_rows(), elementwise_rows(), activation_rows(), matrix_rows(),
          normalisation_rows(), reduction_rows(), comparison_rows(), shape_rows(), slicing_rows(), padding_rows(),
          resize_rows(), block_rows(), region_rows(), recurrent_rows(), lstm_rows()}) {
      for (const Row& row : family) by_code[static_cast<size_t>(row.type)] = &row;
    }
    return by_code;
  }();
  return rows;
}

/// Scalars are taken everywhere: lib/nnapi says where they are legal.
bool accepts(const Row& row, OperandType type) {
  switch (type) {
    case OperandType::TENSOR_FLOAT32: return (row.accepts & float32) != 0;
    case OperandType::TENSOR_INT32: return (row.accepts & int32) != 0;
    case OperandType::TENSOR_BOOL8: return (row.accepts & bool8) != 0;
    case OperandType::FLOAT32:
    case OperandType::INT32:
    case OperandType::BOOL: return true;
    default: return false;
  }
}

}  // namespace

const Row* find_row(OperationType type) { return all_rows()[static_cast<size_t>(type)]; }

std::string why_unsupported(const Graph& graph, const Operation& operation) {
  const std::string name(nnapi::name(operation.type));
  const Row* row = find_row(operation.type);
  if (row == nullptr) return "the host NNAPI has no " + name;
  for (const std::vector<uint32_t>* indexes : {&operation.inputs, &operation.outputs}) {
    for (uint32_t index : *indexes) {
      const OperandType type = graph.operands[index].type;
      if (!accepts(*row, type)) return "the host NNAPI's " + name + " takes no " + std::string(nnapi::name(type));
    }
  }
  return {};
}

}  // namespace passerelle::hostnn
