// NNAPI's operations: codes, names, and the feature level that each came in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "passerelle/nnapi/operand_type.h"
#include "passerelle/support/span.h"

namespace passerelle::nnapi {

/// OperationCode of NeuralNetworksTypes.h: same names (without the prefix), same values.
enum class OperationType : int32_t {
#define PASSERELLE_OPERATION(name, code, level) name = code,
#include "passerelle/nnapi/operations.def"
#undef PASSERELLE_OPERATION
};

std::string_view name(OperationType type);
std::optional<OperationType> operation_type_from_code(int32_t code);
std::optional<OperationType> operation_type_from_name(std::string_view name);
FeatureLevel introduced(OperationType type);
/// All of them, in the order of their codes.
Span<const OperationType> all_operation_types();

}  // namespace passerelle::nnapi
