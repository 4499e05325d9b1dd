// An operation whose operands fit one of its signatures: what the rules that depend on shapes, scales and values see.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "passerelle/nnapi/legality.h"
#include "signature.h"

namespace passerelle::nnapi {

/// Sizes of a tensor; a 0 is one not known. Empty for a scalar, and where the rank is not known.
using Sizes = std::vector<uint32_t>;
/// One for each result.
using Shapes = std::vector<Sizes>;

class Call {
 public:
  /// `type` is T. The operands must fit `signature` in number and kind. No outputs where they are asked for.
  Call(const Signature& signature, OperandType type, Span<const OperandView> inputs, Span<const OperandView> outputs);

  const Signature& signature() const { return signature_; }
  OperationType operation() const { return signature_.operation; }
  OperandType type() const { return type_; }
  Span<const OperandView> inputs() const { return inputs_; }
  Span<const OperandView> outputs() const { return outputs_; }
  const OperandView& output() const { return outputs_[0]; }

  /// The input of this name; of a repeated one the first. Null where the signature has none of this name, or where the
  /// list ended before it, or where it has no value.
  const OperandView* input(std::string_view name) const;
  /// The sizes of the input of this name.
  Sizes sizes(std::string_view name) const;
  /// A scalar's value, where it is known.
  std::optional<int32_t> integer(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name) const;
  /// The elements of a constant TENSOR_INT32, where they are known.
  std::optional<std::vector<int32_t>> integers(std::string_view name) const;
  /// A FLOAT32's value, where it is known.
  std::optional<float> real(std::string_view name) const;

  /// Never legal, because of `reason`, unless `condition` holds. The first such reason stands.
  void require(bool condition, const std::string& reason);
  /// `what` (the subject of "... needs API 29") came with this level.
  void needs(FeatureLevel level, const std::string& what);
  Legality legality() const { return legality_; }

 private:
  const Signature& signature_;
  OperandType type_;
  Span<const OperandView> inputs_;
  Span<const OperandView> outputs_;
  std::vector<const Parameter*> parameters_;  // by input
  Legality legality_;
};

/// The parameter of each of `count` operands: repeated ones as often as it takes. Empty where the number doesn't fit.
std::vector<const Parameter*> assign(const std::vector<Parameter>& parameters, size_t count);

/// Whether the rank is known: a tensor without dimensions has none.
inline bool has_rank(const OperandView& operand) { return !operand.dimensions.empty(); }
/// Whether both sizes are known (0 is a size not known yet) and differ.
inline bool differ(uint32_t a, uint32_t b) { return a != 0 && b != 0 && a != b; }
std::optional<int32_t> integer_value(const OperandView& operand);

/// "1x3x?x224"
std::string shape_text(Span<const uint32_t> sizes);
inline std::string shape_text(const OperandView& operand) { return shape_text(operand.dimensions); }

/// The rules of signatures.def that hold for every operation: ranks, ranges of scalars, scales and zero points.
void check_parameters(Call& call);
/// The rules of this operation alone, where it has any.
void check_own_rules(Call& call);
/// The shapes of all results that it can have, as far as the operands tell; what contradicts itself ends up in
/// `call.legality()`.
Shapes result_shapes(Call& call);

}  // namespace passerelle::nnapi
