// Index tensors, as x[i, :, j] has them, brought to what GATHER takes: one dimension, and indices counted from the
// front.
#pragma once

#include <optional>

#include "context.h"

namespace passerelle::lowering {

/// Integers between `least` and `greatest`, as valid indices are: where it is said, legalisation knows that they are
/// small enough for floats (INT32 arithmetic came late), and no device reads outside of a tensor.
Value within(Context& context, Value indices, double least, double greatest);

/// Indices counted from the front: GATHER knows no negative ones. `size` is the dimension's.
Value counted_from_front(Context& context, Value indices, uint32_t size);

/// The tensor that is indexed: first permuted, then reshaped, so that the indexed dimensions are one; there `places`
/// are picked, and their dimensions stand where that one stood.
struct Indexing {
  Permutation permutation;
  Shape merged;
  uint32_t dimension = 0;
  Value places;
};

/// The node's argument "indices", for a tensor of this shape; nothing where it indexes no dimension. Masks must be
/// known.
std::optional<Indexing> indexing_of(Context& context, Shape shape);

}  // namespace passerelle::lowering
