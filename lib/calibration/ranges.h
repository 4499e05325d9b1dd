// From what was seen of a tensor to the range that its integers cover.
#pragma once

#include <string_view>

#include "passerelle/calibration/options.h"
#include "passerelle/graph/graph.h"
#include "statistics.h"

namespace passerelle::calibration {

struct Range {
  double lowest = 0, highest = 0;  ///< lowest <= 0 <= highest
  double size() const { return highest - lowest; }
};

Range range_of(const Histogram& histogram, Method method);

/// The mean of the squared differences that rounding to `levels` steps and cutting off at the ends makes.
double loss(const Histogram& histogram, const Range& range);

/// Scale and zero point of 256 steps over the range, 0 exactly among them. A range of nothing gets a scale of 1.
graph::Quantization quantization_of(const Range& range, bool is_signed);

/// What the integers cover.
Range range_of(const graph::Quantization& quantization, bool is_signed);

}  // namespace passerelle::calibration
