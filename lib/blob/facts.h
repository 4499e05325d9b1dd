// The rows of NNAPI's tables that the reader needs, as constants of its own: on a device it links nothing of lib/nnapi.
#pragma once

#include <cstddef>
#include <cstdint>

#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"

namespace passerelle::blob {

enum class OperandKind : uint8_t { scalar, tensor, quantized, per_channel, model };

struct OperandFacts {
  const char* name;
  int level;
  uint32_t bytes;
  OperandKind kind;
  int32_t lowest_zero_point;
  int32_t highest_zero_point;
};

inline constexpr OperandFacts operand_facts[] = {
#define PASSERELLE_OPERAND_TYPE(name, code, level, bytes, kind, lowest, highest) \
  {#name, level, bytes, OperandKind::kind, lowest, highest},
#include "passerelle/nnapi/operand_types.def"
#undef PASSERELLE_OPERAND_TYPE
};
inline constexpr size_t operand_type_count = sizeof(operand_facts) / sizeof(operand_facts[0]);

struct OperationFacts {
  const char* name;
  int level;
};

inline constexpr OperationFacts operation_facts[] = {
#define PASSERELLE_OPERATION(name, code, level) {#name, level},
#include "passerelle/nnapi/operations.def"
#undef PASSERELLE_OPERATION
};
inline constexpr size_t operation_type_count = sizeof(operation_facts) / sizeof(operation_facts[0]);

// A code is an index: lib/nnapi asserts that its rows stand in the order of their codes without a gap; the last rows
// tell.
static_assert(static_cast<size_t>(nnapi::OperandType::MODEL) + 1 == operand_type_count);
static_assert(static_cast<size_t>(nnapi::OperationType::REVERSE) + 1 == operation_type_count);

}  // namespace passerelle::blob
