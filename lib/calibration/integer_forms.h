// What each operation is on integers.
#pragma once

#include <string_view>

#include "passerelle/graph/graph.h"

namespace passerelle::calibration {

enum class Role {
  floats,      ///< has no integer form, or none here
  layer,       ///< constant weights and a bias: a convolution, FULLY_CONNECTED
  moves,       ///< takes elements of its operand as they are: one scale for both
  averages,    ///< the operand's scale, or another where it can be written as a convolution
  clamps,      ///< RELU and its like: the operand's scale, or another as an addition of 0
  prescribed,  ///< NNAPI gives the scale of the result: LOGISTIC, ...
  arithmetic,  ///< any scales
};

/// Of an operation of a float graph.
Role role_of(const graph::Graph& graph, const graph::Operation& operation);

/// Whether the result may have another scale than the operand, for an operation that `averages`.
bool can_rescale(const graph::Graph& graph, const graph::Operation& operation);

/// Beyond which an operation's result is the same in 8 bits, whatever its operand; infinite where it never is.
struct Limits {
  float lowest, highest;
};
Limits limits_of(const graph::Operation& operation);

/// The scale of a `prescribed` result.
graph::Quantization prescribed_scale(const graph::Operation& operation, bool is_signed);

/// A layer's weights: the argument's name, and which of their dimensions is the output channel.
struct Weights {
  std::string_view name;
  uint32_t channel_dimension;
  bool takes_channel_scales;  ///< NNAPI has TENSOR_QUANT8_SYMM_PER_CHANNEL there
};
Weights weights_of(const graph::Operation& layer);

}  // namespace passerelle::calibration
