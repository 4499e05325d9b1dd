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

std::optional<std::vector<uint32_t>> added_units(const Shape& from, const Shape& to) {
  std::vector<uint32_t> added;
  size_t next = 0;
  for (size_t i = 0; i < to.size(); ++i) {
    const size_t to_come = to.size() - i;
    const bool fits = next < from.size() && to[i] == from[next];
    if (fits && (to[i] != 1 || from.size() - next == to_come)) {
      ++next;
    } else if (to[i] == 1) {
      added.push_back(static_cast<uint32_t>(i));
    } else {
      return std::nullopt;
    }
  }
  if (next != from.size()) return std::nullopt;
  return added;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (uint32_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

}  // namespace passerelle::graph
