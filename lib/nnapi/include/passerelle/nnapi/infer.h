// What an operation gives: the types and shapes of its results, from its operands.
//
// It is asked wherever a result's type would otherwise be written by hand: by the graph's builder, by its invariants,
// by legality() of the results that a model declares. It knows more than is legal: any rank, and any element type where
// an operation moves elements about, so that a graph may be inferred before it is made legal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "passerelle/nnapi/legality.h"
#include "passerelle/support/expected.h"

namespace passerelle::nnapi {

struct AffineQuantization {
  float scale = 0;
  int32_t zero_point = 0;
};

struct ResultType {
  /// Nothing where it is the caller's choice: CAST's, QUANTIZE's and DEQUANTIZE's.
  std::optional<OperandType> type;
  std::vector<uint32_t> dimensions;  ///< a 0 is a size not known; empty: a scalar, or a rank not known
  /// That a quantized result must have; nothing where it is the caller's choice.
  std::optional<AffineQuantization> quantization;
};

/// All results that the operation can have, in order: those at the end may be left out where NNAPI lets them. Sizes are
/// known as far as the inputs' sizes and the values of arguments are. `inputs` are positional, as addOperation takes
/// them. An Error (unsupported) says in one sentence how the operands contradict each other.
Expected<std::vector<ResultType>> infer(OperationType type, Span<const OperandView> inputs);

}  // namespace passerelle::nnapi
