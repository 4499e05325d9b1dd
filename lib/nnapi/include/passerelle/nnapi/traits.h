// What an operation is, in the words of traits.def and signatures.def: what passes ask instead of listing operations.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "passerelle/nnapi/infer.h"
#include "passerelle/nnapi/operation_type.h"

namespace passerelle::nnapi {

enum class Axes { rigid, elementwise, axis, axes, per_dimension };
enum class Elements { computed, kept, kept_or_zero, joined, negated };

/// A row of traits.def, which has the legend.
struct Traits {
  Axes axes = Axes::rigid;
  std::vector<std::string_view> axis_arguments;
  Elements elements = Elements::computed;
  bool fuses_activation = false;  ///< it applies an activation to its result, which its argument `activation` names
};

const Traits& traits(OperationType type);

/// The scale and zero point that the first result must have where the first operand is quantized and has these; nothing
/// where it is free.
std::optional<AffineQuantization> prescribed_quantization(OperationType operation, OperandType type,
                                                          const AffineQuantization& operand);

}  // namespace passerelle::nnapi
