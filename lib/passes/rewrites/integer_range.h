#pragma once

#include "rewriter.h"

namespace passerelle::passes {

struct IntegerRange {
  double low = 0;
  double high = 0;
};

/// Between which numbers the elements of an INT32 tensor lie, as far as the operations that made it tell: those of an
/// input of the model may be any. Sees through whole numbers that travel as floats.
IntegerRange integer_range(const Rewriter& r, OperandId id);
/// The same of the result of an operation that is not written yet.
IntegerRange integer_range(const Rewriter& r, const Operation& operation);

}  // namespace passerelle::passes
