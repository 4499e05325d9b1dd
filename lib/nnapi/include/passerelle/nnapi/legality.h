// From which feature level an operation with given operands is legal, or why it never is.
//
// One pure function, that lowering, legalisation, the host NNAPI, `passerelle ops` and the reports ask. Android 13's
// validation (packages/modules/NeuralNetworks: common/types/operations, common/types/src/Validation.cpp and
// common/LegacyUtils.cpp) is the authority. What it lets pass and then fails to run, because of ranks, shapes or values
// that are known here, is refused too. So are, though Android's own CPU path overlooks them, the scales and zero points
// that NNAPI's contract demands of intermediate results and of the bias of a per-channel filter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"
#include "passerelle/support/span.h"

namespace passerelle::nnapi {

struct ModelView;

/// An operand as a rule sees it. Views only: nothing is owned.
struct OperandView {
  OperandType type = OperandType::TENSOR_FLOAT32;
  Span<const uint32_t> dimensions;  ///< tensors; a 0 is a size not known yet; empty: a scalar, or unknown rank
  float scale = 0;
  int32_t zero_point = 0;
  Span<const float> channel_scales;  ///< TENSOR_QUANT8_SYMM_PER_CHANNEL
  uint32_t channel_dimension = 0;
  const void* value = nullptr;  ///< the bytes of a constant where they are at hand
  size_t value_size = 0;
  bool omitted = false;  ///< an optional operand without a value
  bool is_constant = false;
  const ModelView* model = nullptr;  ///< of a MODEL, where it is known
};

/// What a model that IF or WHILE refers to takes and gives.
struct ModelView {
  Span<const OperandView> inputs;
  Span<const OperandView> outputs;
};

struct Legality {
  FeatureLevel level = 0;  ///< the lowest level at which it is legal; 0 for never
  std::string reason;      ///< why never, or what makes it need more than the operation's own first level; may be empty
  explicit operator bool() const { return level != 0; }
};

/// What a single operand must satisfy (scale, zero point, per-channel parameters, rank of constants).
Legality legality(const OperandView& operand);

/// `inputs` and `outputs` are positional, as NNAPI's addOperation takes them.
Legality legality(OperationType type, Span<const OperandView> inputs, Span<const OperandView> outputs);

/// A type that an operation works on, and from which level.
struct TypeSupport {
  OperandType type;
  FeatureLevel level;
};
/// The types that the operation's main tensor may have (FILL: its output); none for IF and WHILE. For documentation.
std::vector<TypeSupport> supported_types(OperationType type);

}  // namespace passerelle::nnapi
