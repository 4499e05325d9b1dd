#include "passerelle/verify/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "passerelle/graph/constant.h"
#include "passerelle/support/check.h"

namespace passerelle::verify {
namespace {

using graph::HostTensor;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// All elements as double. (int64 beyond 2^53 is rounded: NNAPI has 32 bits.)
std::vector<double> values_of(const HostTensor& tensor) {
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = tensor.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape[i];
  graph::Constant view(nullptr, tensor.bytes.data(), tensor.type, tensor.shape, std::move(strides));
  std::vector<double> values(view.size());
  view.converted(graph::ElementType::float64).copy_to(values.data());
  return values;
}

double difference(double reference, double actual) {
  if (reference == actual) return 0;  // equal infinities too
  if (std::isnan(reference) && std::isnan(actual)) return 0;
  double result = std::abs(reference - actual);
  return std::isnan(result) ? infinity : result;
}

/// The index of the greatest of `count` elements; the first of several.
size_t arg_max(const double* values, size_t count, size_t stride) {
  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (values[i * stride] > values[best * stride]) best = i;
  return best;
}

bool is_row_of_scores(const graph::Shape& shape, size_t dimension) {
  return std::all_of(shape.begin() + static_cast<std::ptrdiff_t>(dimension) + 1, shape.end(),
                     [](uint32_t size) { return size == 1; });
}

std::optional<ArgMaxAgreement> arg_max_agreement(const std::vector<double>& reference,
                                                 const std::vector<double>& actual, const graph::Shape& shape,
                                                 double step) {
  if (shape.empty()) return std::nullopt;
  ArgMaxAgreement agreement;
  agreement.dimension = shape.size() > 1 ? 1 : 0;
  size_t count = shape[agreement.dimension];
  if (count < 2 || reference.empty()) return std::nullopt;
  size_t inner = 1;
  for (size_t i = agreement.dimension + 1; i < shape.size(); ++i) inner *= shape[i];
  for (size_t outer = 0; outer < reference.size(); outer += count * inner)
    for (size_t i = outer; i < outer + inner; ++i) {
      ++agreement.positions;
      const size_t wanted = arg_max(&reference[i], count, inner), got = arg_max(&actual[i], count, inner);
      constexpr double rounding = 1e-4;  // of floats that stand for integers
      if (wanted == got)
        ++agreement.agreeing;
      else if (reference[i + wanted * inner] - reference[i + got * inner] <= step * (1 + rounding))
        ++agreement.ties;
    }
  return agreement;
}

void measure_range(const std::vector<double>& reference, Comparison& comparison) {
  double lowest = infinity, highest = -infinity;
  for (double value : reference) {
    if (!std::isfinite(value)) {
      ++comparison.not_finite;
      continue;
    }
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  if (lowest > highest) return;  // nothing finite
  comparison.reference_min = lowest;
  comparison.reference_max = highest;
  comparison.range = highest > lowest ? highest - lowest : std::abs(highest);
}

/// Numbers of 16 bits are rounded on either side, to neighbours where they are next to a tie.
double rounding(graph::ElementType type, const Comparison& comparison) {
  const int bits = type == graph::ElementType::float16 ? 11 : type == graph::ElementType::bfloat16 ? 8 : 0;
  const double largest = std::max(std::abs(comparison.reference_min), std::abs(comparison.reference_max));
  return bits == 0 || largest == 0 ? 0 : std::ldexp(1.0, std::ilogb(largest) + 1 - bits);
}

/// Of integers that stand for numbers the zero point is none.
double signal_to_noise(const std::vector<double>& reference, const std::vector<double>& actual, double zero) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double value = reference[i] - zero, error = difference(reference[i], actual[i]);
    if (std::isfinite(value)) signal += value * value;
    noise += error * error;
  }
  if (noise == 0) return infinity;
  return std::isfinite(noise) ? 10 * std::log10(signal / noise) : -infinity;
}

}  // namespace

double Comparison::relative_difference() const {
  if (max_difference == 0) return 0;
  return range > 0 ? max_difference / range : infinity;
}

Comparison compare(const HostTensor& reference, const HostTensor& actual, const Limits& limits, double float_step) {
  check(reference.shape == actual.shape && reference.type == actual.type, "compared tensors have one shape and dtype");
  std::vector<double> wanted = values_of(reference), got = values_of(actual);
  Comparison comparison;
  measure_range(wanted, comparison);
  for (size_t i = 0; i < wanted.size(); ++i) {
    double here = difference(wanted[i], got[i]);
    if (i > 0 && here <= comparison.max_difference) continue;
    comparison.max_difference = here;
    comparison.worst_element = i;
    comparison.reference_value = wanted[i];
    comparison.actual_value = got[i];
  }
  if (graph::is_quantized(reference.type))
    comparison.limit = static_cast<double>(limits.steps);
  else if (graph::is_floating_point(reference.type))
    comparison.limit = limits.absolute + limits.relative * comparison.range + rounding(reference.type, comparison);
  else
    comparison.limit = limits.absolute;
  comparison.passed = comparison.max_difference <= comparison.limit;
  const bool quantized = graph::is_quantized(reference.type);
  comparison.signal_to_noise = signal_to_noise(wanted, got, quantized ? reference.quantization.zero_point : 0);
  const bool real = quantized || graph::is_floating_point(reference.type);
  if (limits.signal_to_noise && real && !comparison.passed)
    comparison.passed = comparison.by_ratio = comparison.signal_to_noise >= *limits.signal_to_noise;
  comparison.arg_max = arg_max_agreement(wanted, got, reference.shape, quantized ? 1 : float_step);
  if (comparison.arg_max) {
    comparison.arg_max->required =
        limits.arg_max && real && is_row_of_scores(reference.shape, comparison.arg_max->dimension);
    comparison.passed = comparison.passed && comparison.arg_max->holds();
  }
  if (!wanted.empty() && comparison.not_finite == wanted.size()) comparison.passed = false;
  return comparison;
}

}  // namespace passerelle::verify
