// What the recurrent operations share.
#pragma once

#include "kernel.h"

namespace passerelle::hostnn {

/// An activation by the number that recurrent operations use: FuseCode's, 4 for tanh and 6 for the logistic function.
Tensor apply_activation(const Tensor& values, int64_t activation);

/// Sequences are computed time first. These turn [batch, time, ..] into [time, batch, ..] and back where needed.
Tensor to_time_major(const Tensor& sequence, bool is_time_major);
Tensor from_time_major(const Tensor& sequence, bool is_time_major);

/// How the two directions of an operation use its auxiliary input.
struct Directions {
  Tensor forward_input;   ///< time first
  Tensor backward_input;  ///< the auxiliary input where that has no weights of its own
  Tensor auxiliary;       ///< undefined where there is none, or it became the backward input
};
Directions link(const Tensor& input, const Tensor* auxiliary, bool has_auxiliary_weights, bool is_time_major);

/// Outputs of both directions: joined in the last dimension, or one after the other; then the states.
Tensors join(const Tensor& forward, const Tensor& backward, bool merge, bool is_time_major);

}  // namespace passerelle::hostnn
