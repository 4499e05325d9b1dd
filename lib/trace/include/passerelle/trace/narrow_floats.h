// float16 and bfloat16: models that were saved on a GPU, with half(), or under autocast.
#pragma once

#include "passerelle/trace/trace.h"

namespace passerelle::trace {

/// Whether the type is float16 or bfloat16.
bool is_narrow_float(graph::ElementType type);

/// Whether what it computes in float16 or bfloat16 is to be computed in float32: NNAPI has no bfloat16, and what sums
/// of many products come to in float16 is each library's own. What is left are operators that round one float32 result.
bool needs_float32(const Trace& trace);

/// The same model with float32 in the place of float16 and bfloat16. Inputs and outputs keep their types, with a
/// conversion behind or before each; so do constants that are returned.
Trace in_float32(Trace trace);

}  // namespace passerelle::trace
