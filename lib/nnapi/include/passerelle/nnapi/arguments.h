// The arguments of each operation, by name and in NNAPI's order: the explicit-padding and by-size forms, with every
// optional argument: the first row of each operation in signatures.def. Which trailing ones are written is decided in
// one place, passes/finalise.cpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "passerelle/nnapi/operation_type.h"
#include "passerelle/support/span.h"

namespace passerelle::nnapi {

enum class ArgumentKind {
  tensor,
  optional_tensor,  ///< may be left out (no value)
  tensors,          ///< one or more: CONCATENATION, PACK, IF, WHILE
  integer,          ///< INT32
  real,             ///< FLOAT32, or FLOAT16 with float16 tensors; FILL's and PAD_V2's: INT32 with integer tensors
  boolean,          ///< BOOL
  model,            ///< MODEL: the branches of IF, condition and body of WHILE
};

/// FuseCode of NeuralNetworks.h: what an operation applies to its result, its argument `activation`.
enum class Activation : int32_t { none, relu, relu1, relu6 };

struct ArgumentSpec {
  std::string_view name;
  ArgumentKind kind;
  /// What NNAPI takes it for where it is left out at the end of the list; monostate where it can't be.
  std::variant<std::monostate, int32_t, float, bool> default_value;
};

Span<const ArgumentSpec> argument_table(OperationType type);
/// The row of `name`, or -1.
int argument_index(OperationType type, std::string_view name);

}  // namespace passerelle::nnapi
