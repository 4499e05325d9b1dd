#include "passerelle/graph/shape.h"

#include <numeric>

#include "passerelle/support/check.h"

namespace passerelle::graph {

size_t element_count(const Shape& shape) {
  size_t count = 1;
  for (uint32_t size : shape) count *= size;
  return count;
}

Shape permuted(const Shape& shape, const Permutation& permutation) {
  check(shape.size() == permutation.size(), "a permutation has the rank of its shape");
  Shape result;
  for (uint32_t dimension : permutation) result.push_back(shape[dimension]);
  return result;
}

Permutation identity_permutation(size_t rank) {
  Permutation result(rank);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

Permutation inverse(const Permutation& permutation) {
  Permutation result(permutation.size());
  for (uint32_t i = 0; i < permutation.size(); ++i) result[permutation[i]] = i;
  return result;
}

Permutation composed(const Permutation& first, const Permutation& second) { return permuted(first, second); }

bool is_identity(const Permutation& permutation) { return permutation == identity_permutation(permutation.size()); }

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (uint32_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

}  // namespace passerelle::graph
