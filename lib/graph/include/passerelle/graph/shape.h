// Shapes and permutations of dimensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace passerelle::graph {

/// Dimensions, outermost first. Rank 0 is an empty vector. All sizes are known.
using Shape = std::vector<uint32_t>;

/// NNAPI's and PyTorch's convention: dimension i of the result is dimension permutation[i] of the operand.
using Permutation = std::vector<uint32_t>;

/// The number of elements (1 for rank 0). Overflow-free: shapes come from tensors that existed.
size_t element_count(const Shape& shape);

Shape permuted(const Shape& shape, const Permutation& permutation);
Permutation identity_permutation(size_t rank);
Permutation inverse(const Permutation& permutation);
/// First `first`, then `second`: permuted(permuted(x, first), second) == permuted(x, composed(first, second)).
Permutation composed(const Permutation& first, const Permutation& second);
bool is_identity(const Permutation& permutation);

/// NCHW→NHWC and back, for rank 4.
inline const Permutation nchw_to_nhwc{0, 2, 3, 1};
inline const Permutation nhwc_to_nchw{0, 3, 1, 2};

/// Where `to` is `from` with dimensions of size 1 put in: their positions in `to`, ascending.
std::optional<std::vector<uint32_t>> added_units(const Shape& from, const Shape& to);

/// "1x3x224x224"; "scalar" for rank 0.
std::string to_string(const Shape& shape);

}  // namespace passerelle::graph
