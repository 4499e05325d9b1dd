// How far an output is from what it should be.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "passerelle/graph/host_tensor.h"

namespace passerelle::verify {

/// An output passes where no element differs by more than its limit, or where the differences together are small
/// enough; and, where that is asked for, the largest of several scores is the reference's. A reference without one
/// finite number proves nothing: it does not pass.
struct Limits {
  double relative = 1e-4;  ///< floating point: of the reference's range, added to `absolute`
  double absolute = 0;     ///< floating point, and integers that are not quantized
  int64_t steps = 1;       ///< quantized: the difference of the integers
  /// Floating point and quantized: a signal-to-noise ratio in decibels that is enough, whatever single elements do.
  std::optional<double> signal_to_noise;
  /// Whether the arg-max must agree in outputs that look like scores of classes: floating point or quantized, with two
  /// elements or more along one dimension, 1 (0 for rank 1), and one alone along all behind it.
  bool arg_max = false;
};

/// In how many positions the largest of several elements is the same one.
struct ArgMaxAgreement {
  size_t dimension = 0;  ///< along which the largest is looked for
  size_t positions = 0;
  size_t agreeing = 0;
  size_t ties = 0;        ///< not agreeing, but the reference's values of both elements are within one step
  bool required = false;  ///< that all positions agree or are ties
  bool holds() const { return !required || agreeing + ties == positions; }
};

struct Comparison {
  double max_difference = 0;  ///< of the values; quantized: of the integers; infinite where one of two is not a number
  size_t worst_element = 0;   ///< in row-major order
  double reference_value = 0, actual_value = 0;  ///< of the worst element
  double reference_min = 0, reference_max = 0;   ///< of the finite elements
  /// What differences are measured by: the reference's range, or the greatest magnitude where that is 0.
  double range = 0;
  double limit = 0;  ///< the largest difference that passes
  bool passed = true;
  bool by_ratio = false;  ///< it passed for its signal-to-noise ratio, though elements differ by more than `limit`
  size_t not_finite = 0;  ///< elements of the reference that are infinite or not a number
  /// 10 log10(sum of the reference's squares / sum of the differences'), in decibels; infinite where nothing differs.
  double signal_to_noise = 0;
  std::optional<ArgMaxAgreement> arg_max;  ///< where a dimension offers a choice: 1, or 0 for rank 1

  double relative_difference() const;  ///< max_difference by range
};

/// Both must have the same shape and dtype: asserted. `float_step`: of floats that stand for integers the difference
/// that one step makes; 0 for others.
Comparison compare(const graph::HostTensor& reference, const graph::HostTensor& actual, const Limits& limits,
                   double float_step = 0);

}  // namespace passerelle::verify
