// What reductions of floats and of quantized integers share.
#pragma once

#include "kernel.h"

namespace passerelle::hostnn {

/// The axes of input 1, each once, in ascending order.
std::vector<int64_t> read_axes(const Call& call);

/// NNAPI has no tensors of rank 0: a reduction to one element has the shape [1].
Tensor at_least_rank_1(const Tensor& values);

}  // namespace passerelle::hostnn
