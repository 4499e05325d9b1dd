// A permutation as a sequence of swaps of two neighbouring blocks of dimensions.
#pragma once

#include <cstdint>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::passes {

/// [outer, a, b, inner] → [outer, b, a, inner]
struct BlockSwap {
  uint32_t outer;
  uint32_t a;
  uint32_t b;
  uint32_t inner;
};

/// The swaps, in order, that make the TRANSPOSE with this permutation of a dense tensor of this shape. Dimensions of
/// size 1 take no part.
std::vector<BlockSwap> block_swaps(const graph::Shape& shape, const graph::Permutation& permutation);

}  // namespace passerelle::passes
