// What is known of a value's sign, from the operations that made it.
#pragma once

#include "rewriter.h"

namespace passerelle::passes {

/// No element is below 0, whatever the model's inputs are.
bool is_non_negative(const Rewriter& r, OperandId id);
/// Every element is above 0.
bool is_positive(const Rewriter& r, OperandId id);
/// No element is 0: what a division may read.
bool is_nonzero(const Rewriter& r, OperandId id);

}  // namespace passerelle::passes
