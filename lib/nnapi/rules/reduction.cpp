// Reductions, and picking by index from tables.
#include "rules.h"
#include "sizes.h"

namespace passerelle::nnapi::shapes {
namespace {

/// MEAN takes a number for it, the others a truth value.
std::optional<bool> keeps_dimensions(const Call& call) {
  if (const std::optional<int32_t> number = call.integer("keep_dims")) return *number != 0;
  return call.boolean("keep_dims");
}

Sizes without(const Sizes& sizes, const std::vector<bool>& reduced) {
  Sizes result;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (!reduced[i]) result.push_back(sizes[i]);
  if (result.empty()) result.push_back(1);  // NNAPI has no tensors of rank 0
  return result;
}

}  // namespace

Shapes reduction(Call& call) {
  Sizes input = call.sizes("input");
  const std::optional<std::vector<bool>> reduced = dimensions(call, "axes", input.size());
  const std::optional<bool> keeps = keeps_dimensions(call);
  if (!keeps || !reduced) return {keeps.value_or(false) ? Sizes(input.size(), 0) : Sizes()};
  if (!*keeps) return {without(input, *reduced)};
  for (size_t i = 0; i < input.size(); ++i)
    if ((*reduced)[i]) input[i] = 1;
  return {input};
}

/// ARGMAX, ARGMIN: the axis is gone.
Shapes position(Call& call) {
  const Sizes input = call.sizes("input");
  const std::optional<size_t> axis = dimension(call, "axis", input.size());
  if (!axis) return {input.size() > 1 ? Sizes(input.size() - 1, 0) : Sizes()};
  std::vector<bool> reduced(input.size(), false);
  reduced[*axis] = true;
  return {without(input, reduced)};
}

Shapes top_k(Call& call) {
  Sizes result = call.sizes("input");
  const std::optional<int32_t> k = call.integer("k");
  if (!result.empty()) result.back() = k ? checked_size(call, *k) : 0;
  return {result, result};
}

Shapes embedding_lookup(Call& call) {
  Sizes result = call.sizes("values");
  if (!result.empty()) result[0] = at(call.sizes("lookups"), 0);
  return {result};
}

Shapes hashtable_lookup(Call& call) { return {embedding_lookup(call).front(), {at(call.sizes("lookups"), 0)}}; }

/// Sparse projections give a number a function, dense ones a bit a seed.
Shapes lsh_projection(Call& call) {
  constexpr int32_t dense = 2;
  const Sizes functions = call.sizes("hash_functions");
  const std::optional<int32_t> type = call.integer("projection_type");
  if (!type) return {{0}};
  return {{*type == dense ? product(call, at(functions, 0), at(functions, 1)) : at(functions, 0)}};
}

Shapes random_multinomial(Call& call) {
  const std::optional<int32_t> samples = call.integer("num_samples");
  return {{at(call.sizes("logits"), 0), samples ? checked_size(call, *samples) : 0}};
}

}  // namespace passerelle::nnapi::shapes
