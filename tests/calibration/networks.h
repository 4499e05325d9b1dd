// Small float networks, samples for them, and the way to integers.
#pragma once

#include "passerelle/calibration/quantize.h"
#include "passerelle/passes/pipeline.h"
#include "sketch.h"
#include "temporary.h"

namespace passerelle::tests {

calibration::Options options();
passes::Target target(nnapi::FeatureLevel level);
/// Numbers that hang together, as a picture's do, and differ from sample to sample.
calibration::Samples samples_for(const graph::Module& module, const testing::TemporaryFolder& folder,
                                 uint32_t count = 8);
OperandId convolution(Sketch& sketch, OperandId input, uint32_t channels, uint32_t size, int32_t activation);
/// Convolutions, a residual sum, a mean, a linear layer.
Sketch small_network();
/// Calibrated and measured on such samples; a failure is the test's.
calibration::Quantized quantized(const graph::Module& module, const calibration::Options& how,
                                 nnapi::FeatureLevel level);

}  // namespace passerelle::tests
