// How a tensor that shares its storage with another was made from it, in a form that can be said again and undone.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <vector>

#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

struct View {
  enum class Kind {
    same,     ///< the very same elements in the same shape
    reshape,  ///< the same elements in the same order, in another shape
    permute,
    select,  ///< one index of a dimension, which goes
    slice,
    expand,
    select_computed,  ///< one index, which depends on data, of a dimension, which goes
    unknown,          ///< as_strided, diagonal, unfold, ...
  };
  Kind kind = Kind::unknown;
  std::vector<int64_t> permutation;
  int64_t dimension = 0;
  int64_t begin = 0;  ///< the index of a select
  int64_t end = 0;
  int64_t step = 1;
  TensorId place{};  ///< of shape [1]: the index of select_computed
};

/// What `op` did to `parent` to make `result`, which shares its storage. `arguments` are those of the call, before it.
View classify_view(const c10::FunctionSchema& schema, const std::vector<c10::IValue>& arguments,
                   const at::Tensor& parent, const at::Tensor& result);

/// A node that makes the view of `parent` again. Not for `same`, `select_computed` and `unknown`.
Node view_node(const View& view, TensorId parent, const std::vector<int64_t>& result_shape);

/// A node that puts `child`, a view of `parent` that was written to, back into it. Not for `same`, `expand`,
/// `select_computed`, `unknown`.
Node scatter_node(const View& view, TensorId parent, const std::vector<int64_t>& parent_shape, TensorId child);

/// The same elements in another shape.
Node reshape_node(TensorId tensor, const std::vector<int64_t>& shape);

bool can_be_repeated(const View& view);
bool can_be_scattered(const View& view);

}  // namespace passerelle::torchscript
