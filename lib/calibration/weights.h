// A layer's weights and bias as integers.
#pragma once

#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::calibration {

struct IntegerWeights {
  graph::Constant integers;
  graph::Quantization quantization;  ///< per channel, or one scale
  std::vector<float> rounded;        ///< the numbers that the integers stand for, in the weights' order
};

/// Symmetric, -127 to 127: a scale for each index along `channel_dimension`, or one for all, of which the least squares
/// remain. Weights that were integers times a scale once come out exactly. Of one scale they have the sign of the
/// activations, as NNAPI wants.
/// `least_scale`: of each channel; finer scales would let its bias overflow.
IntegerWeights integer_weights(const graph::Constant& weights, uint32_t channel_dimension, bool per_channel,
                               bool is_signed, const std::vector<float>& least_scale);

/// For each channel the finest scale of weights at which its bias fits into 32 bits with room for the products.
std::vector<float> least_scales(const std::vector<double>& bias, float input_scale);

/// INT32 in steps of input scale times weight scale.
std::vector<int32_t> integer_bias(const std::vector<double>& bias, float input_scale,
                                  const graph::Quantization& weights);

}  // namespace passerelle::calibration
