#include "passerelle/layers/integer_arithmetic.h"

#include <algorithm>
#include <optional>

namespace passerelle::layers {
namespace {

using Op = nnapi::OperationType;

std::optional<blob::Operation> maker_of(const blob::View& file, uint32_t operand) {
  for (uint32_t i = 0; i < file.operation_count(); ++i) {
    const blob::Operation operation = file.operation(i);
    for (uint32_t j = 0; j < operation.outputs.size(); ++j)
      if (operation.outputs[j] == operand) return operation;
  }
  return std::nullopt;
}

bool moves_elements(Op type) {
  constexpr Op movers[] = {Op::RESHAPE, Op::TRANSPOSE, Op::SQUEEZE,       Op::EXPAND_DIMS,
                           Op::SLICE,   Op::SPLIT,     Op::STRIDED_SLICE, Op::GATHER};
  return std::find(std::begin(movers), std::end(movers), type) != std::end(movers);
}

double step_of(const blob::View& file, uint32_t operand) {
  if (nnapi::is_quantized(file.operand(operand).type)) return 1;
  // Each operation reads what those before it have made, so that this ends.
  while (const std::optional<blob::Operation> maker = maker_of(file, operand)) {
    operand = maker->inputs[0];
    if (maker->type == Op::DEQUANTIZE) return double{file.operand(operand).scale};
    if (!moves_elements(maker->type)) break;
  }
  return 0;
}

}  // namespace

bool computes_in_integers(const blob::View& file) {
  for (uint32_t i = 0; i < file.operand_count(); ++i)
    if (nnapi::is_quantized(file.operand(i).type)) return true;
  return false;
}

std::vector<double> output_steps(const blob::View& file) {
  std::vector<double> steps;
  for (uint32_t i = 0; i < file.output_count(); ++i) steps.push_back(step_of(file, file.output(i).operand));
  return steps;
}

}  // namespace passerelle::layers
