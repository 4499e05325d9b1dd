// What integers shift a layer's results by, in the mean over the samples.
#pragma once

#include "integer_graph.h"
#include "passerelle/support/expected.h"
#include "side_by_side.h"

namespace passerelle::calibration {

/// Of each layer in integers, fed with the floats' own numbers. Where an activation is fused, results at its ends tell
/// nothing of the bias and are left out. (Nagel et al., Data-Free Quantization Through Weight Equalization and Bias
/// Correction, 2019, estimate what rounding the weights shifts; measured are also rounding and cutting off the
/// operands, and the rounding of the arithmetic itself.)
Expected<BiasShifts> bias_shifts(const Choice& choice, const Samples& samples, const Options& options,
                                 const passes::Target& target);

}  // namespace passerelle::calibration
