// The parts of flaw(): each returns the first rule broken, or nothing.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/format/model_generated.h"

namespace passerelle::blob {

/// Who gives a `computed` operand its value, as far as known while walking the operations in order.
enum class OperandState : uint8_t { unset, input, made, output };

inline bool is_scale(float scale) { return std::isfinite(scale) && scale > 0; }

/// Types, shapes, sizes, quantization, and where values lie. What comes after relies on it.
std::string flaw_in_operands(const format::Model& model, const format::Subgraph& subgraph, uint32_t subgraph_index);
std::string flaw_in_inputs(const format::Model& model, const format::Subgraph& subgraph,
                           std::vector<OperandState>& states);
std::string flaw_in_operations(const format::Model& model, const format::Subgraph& subgraph,
                               std::vector<OperandState>& states);
std::string flaw_in_outputs(const format::Model& model, const format::Subgraph& subgraph,
                            std::vector<OperandState>& states);
std::string flaw_in_origins(const format::Model& model, const format::Subgraph& subgraph);

/// Of a subgraph that others refer to: its formal inputs and outputs, in the place of ports.
std::string flaw_in_formal_inputs(const format::Subgraph& subgraph, std::vector<OperandState>& states);
std::string flaw_in_formal_outputs(const format::Subgraph& subgraph, std::vector<OperandState>& states);
/// How many subgraphs there are, which refers to which, and how deep. Comes first.
std::string flaw_in_subgraphs(const format::Model& model, uint64_t head_size);
/// What IF and WHILE hand over fits what they refer to. Comes last.
std::string flaw_in_references(const format::Model& model);

}  // namespace passerelle::blob
