// Which operations NNAPI has on integers, and which scales it prescribes for their results.
#pragma once

#include <optional>

#include "editor.h"

namespace passerelle::passes {

/// The scale that the result must have where the first operand is quantized as `input`: a fixed one, or the operand's.
/// Nothing where any will do.
std::optional<graph::Quantization> prescribed_output(const Operation& operation, const TensorType& input);

/// Whether the operation at its prescribed scale, brought to `wanted` afterwards, is within one step of the operation
/// rounded once. Prescribed scales that are coarser are several steps off (docs/nnapi.md, prescribed scales).
bool is_within_a_step(const Operation& operation, const graph::Quantization& prescribed,
                      const graph::Quantization& wanted);

/// Whether the operation takes elements of its first operand as they are, so that it does the same to integers. Clamps
/// at 0 are: 0 is always a whole number of steps.
bool chooses_elements(const Operation& operation);

/// A constant of shape {1} that is exactly `value`, of the type of `like`.
OperandId quantized_scalar(Editor& editor, float value, const TensorType& like);

/// The same numbers at another scale: 0 is added, which every level can.
OperandId requantized(Editor& editor, OperandId value, const graph::Quantization& wanted);

}  // namespace passerelle::passes
