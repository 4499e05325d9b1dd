// Reductions for whoever else needs them: norms, running sums.
#pragma once

#include <string_view>
#include <vector>

#include "context.h"

namespace passerelle::lowering {

using Dimensions = std::vector<uint32_t>;

/// The dimensions to reduce, ascending: those of "dim", or all where it is None, empty or not in the schema.
Dimensions reduced_dimensions(Context& context);

/// REDUCE_SUM, REDUCE_MAX, MEAN, ...: the dimensions are kept as 1, or dropped. No reduction of NNAPI's gives rank 0:
/// then one dimension stays.
Value reduced(Context& context, OperationType operation, Value x, const Dimensions& dimensions, bool keep);
/// The same as the node's "dim" and "keepdim" say.
Value reduced(Context& context, OperationType operation, Value x);

/// The node's "self", to be added up. Bools are counted as floats, exactly up to 2^24 of them. No reduction of NNAPI's
/// takes integers: legalisation writes them otherwise (passes/rewrites/integers.cpp).
Value addends(Context& context);

/// The node's result, converted to the type that it has in PyTorch.
void give(Context& context, Value value);

inline constexpr std::string_view wide_integers = "integers below API 30, unless they are known to be small";

}  // namespace passerelle::lowering
