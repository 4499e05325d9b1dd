// Channels of one size: what a layer makes is multiplied, channel by channel, and what the next reads is divided by the
// same, so that a tensor's 256 steps serve all of its channels.
//
// Exact in floats wherever nothing but layers, sums and what is positively homogeneous (RELU, pools, means, ...) lies
// between. A fused RELU6 bounds how far its channels may grow: what was seen of them stays below 6. (Nagel et al.,
// 2019, equalise the weights of two layers. Here the channels' ranges, which were seen, count too, sums tie more than
// two, and each set of channels is scaled as far as the noise at its readers falls.)
#pragma once

#include "observation.h"
#include "passerelle/calibration/options.h"

namespace passerelle::calibration {

/// How many sets of channels were scaled; the graph computes what it did. `seen`: of some samples. `most_noise`: sets
/// are left alone whose noise, as it is estimated, does not fall below this part of what it was.
size_t equalise(graph::Graph& graph, const Observations& seen, const Options& options, nnapi::FeatureLevel level,
                double most_noise = 1);

}  // namespace passerelle::calibration
