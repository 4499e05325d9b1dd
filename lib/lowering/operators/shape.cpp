// The shape of tensors: reshaping, permuting, repeating. What the result's shape is, the trace knows already.
#include <algorithm>
#include <numeric>
#include <utility>

#include "conversion.h"
#include "families.h"
#include "passerelle/support/check.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// The rank that PyTorch gives an argument: 0 where NNAPI has {1}.
size_t true_rank(Context& context, std::string_view name) { return context.info(name).shape.size(); }

// --- The same elements in the same order: view, flatten, squeeze, ...

void lower_reshape(Context& context) {
  if (context.info("self").type != context.result_info().type)
    context.refuse(Reason::element_type, "it reads the bytes of a tensor as another type");
  context.result(reshaped(context, context.tensor("self"), context.result_type().shape));
}

/// atleast_1d to atleast_3d, of a tensor or of several.
void lower_at_least(Context& context) {
  if (context.is_tensor("self")) return lower_reshape(context);
  Values values = context.tensors("tensors");
  const std::vector<trace::Tensor> infos = context.list_result_infos();
  for (size_t i = 0; i < values.size(); ++i) values[i] = reshaped(context, values[i], tensor_type(infos[i]).shape);
  context.results(values);
}

// --- Permutations.

void lower_permutation(Context& context, const Permutation& permutation) {
  Value x = context.tensor("self");
  context.result(permutation.empty() ? x : transposed(context, x, permutation));
}

void lower_permute(Context& context) {
  Permutation permutation;
  size_t rank = true_rank(context, "self");
  for (int64_t dimension : context.integers("dims")) permutation.push_back(Context::dimension(dimension, rank));
  lower_permutation(context, permutation);
}

void swap_dimensions(Context& context, int64_t first, int64_t second) {
  size_t rank = true_rank(context, "self");
  Permutation permutation = graph::identity_permutation(rank);
  if (rank > 1) std::swap(permutation[Context::dimension(first, rank)], permutation[Context::dimension(second, rank)]);
  lower_permutation(context, permutation);
}

void lower_transpose(Context& context) { swap_dimensions(context, context.integer("dim0"), context.integer("dim1")); }
void lower_swapaxes(Context& context) { swap_dimensions(context, context.integer("axis0"), context.integer("axis1")); }
void lower_matrix_transpose(Context& context) {
  if (true_rank(context, "self") < 2) return lower_permutation(context, {});
  swap_dimensions(context, -2, -1);
}

void lower_reversed_dimensions(Context& context) {
  Permutation permutation = graph::identity_permutation(true_rank(context, "self"));
  std::reverse(permutation.begin(), permutation.end());
  lower_permutation(context, permutation);
}

void lower_movedim(Context& context) {
  size_t rank = true_rank(context, "self");
  std::vector<int64_t> sources = context.integers("source"), destinations = context.integers("destination");
  constexpr uint32_t unset = ~0u;
  Permutation permutation(rank, unset);
  std::vector<bool> moved(rank, false);
  for (size_t i = 0; i < sources.size() && rank > 0; ++i) {
    uint32_t source = Context::dimension(sources[i], rank);
    permutation[Context::dimension(destinations[i], rank)] = source;
    moved[source] = true;
  }
  // The other dimensions keep their order in the places that are left.
  uint32_t next = 0;
  for (uint32_t& dimension : permutation) {
    if (dimension != unset) continue;
    while (moved[next]) ++next;
    dimension = next++;
  }
  lower_permutation(context, permutation);
}

// --- Repetition.

void lower_expand(Context& context) {
  context.result(broadcast(context, context.tensor("self"), context.result_type().shape));
}

void lower_repeat(Context& context) {
  std::vector<int64_t> repeats = context.integers(context.has("repeats") ? "repeats" : "dims");
  Value x = context.tensor("self");
  size_t rank = std::max({repeats.size(), x.rank(), size_t{1}});
  repeats.insert(repeats.begin(), rank - repeats.size(), 1);
  Shape raised = x.shape();
  raised.insert(raised.begin(), rank - raised.size(), 1);
  std::vector<int32_t> multiples(repeats.begin(), repeats.end());
  if (std::count(multiples.begin(), multiples.end(), 0) > 0)
    context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  Value repeated = tiled(context, reshaped(context, x, raised), multiples);
  context.result(reshaped(context, repeated, context.result_type().shape));
}

/// Copies of each element side by side along a dimension, as many as `repeats` says.
void lower_repeat_interleave(Context& context) {
  Value x = context.tensor("self");
  uint32_t dimension = 0;
  if (context.is_none("dim"))
    x = reshaped(context, x, {static_cast<uint32_t>(graph::element_count(x.shape()))});
  else
    dimension = Context::dimension(context.integer("dim"), x.rank());
  std::vector<int64_t> counts =
      context.is_tensor("repeats") ? context.required_constant("repeats").integers() : context.integers("repeats");
  if (counts.size() == 1) counts.assign(x.shape()[dimension], counts.front());
  std::vector<int32_t> indices;
  for (size_t i = 0; i < counts.size(); ++i)
    indices.insert(indices.end(), static_cast<size_t>(counts[i]), static_cast<int32_t>(i));
  if (indices.empty()) context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  context.result(gathered(context, x, dimension, indices));
}

constexpr Lowering table[] = {
    {"aten::view", lower_reshape, "RESHAPE", "as another type"},
    {"aten::view_copy", lower_reshape, "RESHAPE", "as another type"},
    {"aten::_unsafe_view", lower_reshape, "RESHAPE", ""},
    {"aten::_reshape_alias", lower_reshape, "RESHAPE", ""},
    {"aten::reshape", lower_reshape, "RESHAPE", ""},
    {"aten::view_as", lower_reshape, "RESHAPE", ""},
    {"aten::reshape_as", lower_reshape, "RESHAPE", ""},
    {"aten::flatten", lower_reshape, "RESHAPE", ""},
    {"aten::ravel", lower_reshape, "RESHAPE", ""},
    {"aten::unflatten", lower_reshape, "RESHAPE", ""},
    {"aten::_reshape_copy", lower_reshape, "RESHAPE", ""},
    {"aten::squeeze", lower_reshape, "RESHAPE", ""},
    {"aten::squeeze_copy", lower_reshape, "RESHAPE", ""},
    {"aten::unsqueeze", lower_reshape, "RESHAPE", ""},
    {"aten::unsqueeze_copy", lower_reshape, "RESHAPE", ""},
    {"aten::atleast_1d", lower_at_least, "RESHAPE", ""},
    {"aten::atleast_2d", lower_at_least, "RESHAPE", ""},
    {"aten::atleast_3d", lower_at_least, "RESHAPE", ""},
    {"aten::permute", lower_permute, "TRANSPOSE", ""},
    {"aten::permute_copy", lower_permute, "TRANSPOSE", ""},
    {"aten::transpose", lower_transpose, "TRANSPOSE", ""},
    {"aten::transpose_copy", lower_transpose, "TRANSPOSE", ""},
    {"aten::swapdims", lower_transpose, "TRANSPOSE", ""},
    {"aten::swapaxes", lower_swapaxes, "TRANSPOSE", ""},
    {"aten::t", lower_matrix_transpose, "TRANSPOSE", ""},
    {"aten::t_copy", lower_matrix_transpose, "TRANSPOSE", ""},
    {"aten::mT", lower_matrix_transpose, "TRANSPOSE", ""},
    {"aten::mH", lower_matrix_transpose, "TRANSPOSE", ""},
    {"aten::adjoint", lower_matrix_transpose, "TRANSPOSE", ""},
    {"aten::matrix_H", lower_matrix_transpose, "TRANSPOSE", ""},
    {"aten::numpy_T", lower_reversed_dimensions, "TRANSPOSE", ""},
    {"aten::movedim", lower_movedim, "TRANSPOSE", ""},
    {"aten::moveaxis", lower_movedim, "TRANSPOSE", ""},
    {"aten::expand", lower_expand, "TILE", ""},
    {"aten::expand_copy", lower_expand, "TILE", ""},
    {"aten::expand_as", lower_expand, "TILE", ""},
    {"aten::broadcast_to", lower_expand, "TILE", ""},
    {"aten::repeat", lower_repeat, "TILE", ""},
    {"aten::tile", lower_repeat, "TILE", ""},
    {"aten::repeat_interleave", lower_repeat_interleave, "GATHER", "counts that are computed from the input"},
};

}  // namespace

Span<const Lowering> shape_lowerings() { return table; }

}  // namespace passerelle::lowering
