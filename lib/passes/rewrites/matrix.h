#pragma once

#include <vector>

#include "rewriter.h"

namespace passerelle::passes {

/// A constant matrix of more numbers than this is no way to move elements about.
constexpr size_t largest_matrix = size_t{1} << 22;

/// The product of a matrix [count, size], row-major, with the vectors of `size` elements along a dimension.
OperandId product_along(Rewriter& r, OperandId value, size_t axis, std::vector<float> matrix);

}  // namespace passerelle::passes
