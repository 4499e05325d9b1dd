// How far numbers are from what they should be.
#pragma once

#include <cstddef>
#include <vector>

#include "passerelle/calibration/quantize.h"

namespace passerelle::calibration {

/// A signal-to-noise ratio over any number of tensors.
struct Ratio {
  double signal = 0, noise = 0;
  void add(const std::vector<float>& wanted, const std::vector<float>& given);
  double decibels() const;
};

/// The outputs of two finished graphs on all samples.
Expected<std::vector<OutputLoss>> measure_outputs(const graph::Module& floats, const graph::Module& integers,
                                                  const Samples& samples, const Options& options);

}  // namespace passerelle::calibration
