// Quantization between lowering and the passes, as convert's options ask for it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "passerelle/calibration/quantize.h"
#include "passerelle/converter/convert.h"
#include "passerelle/support/expected.h"

namespace passerelle::cli {

struct Quantization {
  calibration::Options options;
  std::string samples;     ///< see calibration::Samples
  std::string evaluation;  ///< the same, to measure the loss on; empty: `samples`
  calibration::ImageOptions images;
  std::optional<size_t> most_samples;
};

/// Lets the conversion quantize its graph; what that lost is in the result afterwards, where there was anything to
/// quantize. `noise`: what the seeded generator draws for the inputs; samples that are no better are refused. Empty:
/// not compared.
std::shared_ptr<const std::optional<calibration::Report>> quantize_with(const Quantization& how,
                                                                        calibration::Sample noise,
                                                                        converter::Options& conversion);

}  // namespace passerelle::cli
