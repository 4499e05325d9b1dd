// What operations hand to each other, of a graph or of a file: for questions that both are asked.
#pragma once

#include <cstdint>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/graph/graph.h"

namespace passerelle::report {

struct FlowOperation {
  nnapi::OperationType type;
  std::vector<uint32_t> inputs, outputs;  ///< operands
};
struct Flow {
  std::vector<FlowOperation> operations;
  std::vector<nnapi::OperandType> types;  ///< of operands
  std::vector<bool> constant;             ///< of operands: not computed
};

/// Operators that have no lowering are left out.
Flow flow_of(const graph::Graph& graph);
Flow flow_of(const blob::View& view);

size_t transposes(const Flow& flow);

/// Groups of operations that compute in floats between a DEQUANTIZE and a QUANTIZE: an accelerator for integers has to
/// leave them to something else. Each is a list of operations.
std::vector<std::vector<uint32_t>> float_islands(const Flow& flow);

}  // namespace passerelle::report
