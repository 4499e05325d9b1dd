#include "passerelle/nnapi/legality.h"

#include <algorithm>

namespace passerelle::nnapi {

Legality legality(const OperandView& operand) { return {introduced(operand.type), {}}; }

Legality legality(OperationType type, Span<const OperandView> inputs, Span<const OperandView> outputs) {
  FeatureLevel level = introduced(type);
  for (Span<const OperandView> operands : {inputs, outputs}) {
    for (const OperandView& operand : operands) level = std::max(level, legality(operand).level);
  }
  return {level, {}};
}

}  // namespace passerelle::nnapi
