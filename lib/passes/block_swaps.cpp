#include "block_swaps.h"

#include <algorithm>

namespace passerelle::passes {
namespace {

uint32_t product(const graph::Shape& shape, const graph::Permutation& order, size_t begin, size_t end) {
  uint32_t result = 1;
  for (size_t i = begin; i < end; ++i) result *= shape[order[i]];
  return result;
}

}  // namespace

/// Brings one dimension after another to its place, with whatever still follows it in order.
std::vector<BlockSwap> block_swaps(const graph::Shape& shape, const graph::Permutation& permutation) {
  graph::Permutation order, wanted;
  for (uint32_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1) order.push_back(i);
    if (shape[permutation[i]] != 1) wanted.push_back(permutation[i]);
  }
  std::vector<BlockSwap> swaps;
  for (size_t place = 0; place < order.size(); ++place) {
    const auto from = static_cast<size_t>(std::find(order.begin(), order.end(), wanted[place]) - order.begin());
    if (from == place) continue;
    size_t end = from + 1;
    while (end < order.size() && order[end] == wanted[place + end - from]) ++end;
    swaps.push_back({product(shape, order, 0, place), product(shape, order, place, from),
                     product(shape, order, from, end), product(shape, order, end, order.size())});
    const auto begin = order.begin();
    std::rotate(begin + static_cast<std::ptrdiff_t>(place), begin + static_cast<std::ptrdiff_t>(from),
                begin + static_cast<std::ptrdiff_t>(end));
  }
  return swaps;
}

}  // namespace passerelle::passes
