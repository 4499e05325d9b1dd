// The rows of signatures.def, read: what each operation takes and gives.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "passerelle/nnapi/arguments.h"
#include "passerelle/nnapi/infer.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"
#include "passerelle/support/span.h"

namespace passerelle::nnapi {

/// A set of operand types.
class TypeSet {
 public:
  constexpr TypeSet() = default;
  constexpr TypeSet(OperandType type) : bits_(1u << static_cast<uint32_t>(type)) {}
  constexpr TypeSet operator|(TypeSet other) const { return TypeSet(bits_ | other.bits_); }
  constexpr bool contains(OperandType type) const { return (bits_ >> static_cast<uint32_t>(type)) & 1u; }
  static constexpr TypeSet all() { return TypeSet(~0u); }

 private:
  constexpr explicit TypeSet(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

/// How a parameter's type follows from T; the words of signatures.def.
enum class TypeRule {
  same,
  listed,
  filter,
  bias,
  rois,
  anchors,
  deltas,
  any,
  integer,
  natural,
  positive,
  fuse,
  real,
  value,
  boolean,
  model,
};

struct Parameter {
  std::string_view name;
  TypeRule rule = TypeRule::listed;
  TypeSet listed;            ///< of TypeRule::listed
  FeatureLevel level = 1;    ///< that the parameter itself came in
  bool stop_before = false;  ///< the list may end before it
  bool optional = false;     ///< may be an operand without a value
  bool repeated = false;
  size_t lowest_count = 1;  ///< of a repeated one
  size_t lowest_rank = 0;
  size_t highest_rank = std::numeric_limits<size_t>::max();
  std::string_view quantized_like;  ///< the input whose scale and zero point it has; empty for none
  float fixed_scale = 0;            ///< 0 for free
  int32_t fixed_zero_point = 0;     ///< of an unsigned type
  std::variant<std::monostate, int32_t, float, bool> default_value;
};

/// The types that a parameter may have where T is `type`.
TypeSet accepted_types(const Parameter& parameter, OperandType type);

/// The scale and zero point that are fixed for it, where its type is `type`.
AffineQuantization fixed_quantization(const Parameter& parameter, OperandType type);

struct TypeChoice {
  OperandType type;
  FeatureLevel level;
};

struct Signature {
  OperationType operation;
  std::vector<TypeChoice> types;  ///< what T may be; empty where no parameter depends on it
  std::vector<Parameter> inputs;
  std::vector<Parameter> outputs;
};

/// All signatures of an operation: at least one, the one that the converter writes first.
Span<const Signature> signatures(OperationType operation);

}  // namespace passerelle::nnapi
