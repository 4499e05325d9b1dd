#include "measure.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runner.h"

namespace passerelle::calibration {
namespace {

/// How an output's classes lie: `positions` of them, each the greatest of so many scores, `stride` apart.
struct Classes {
  size_t positions = 0, scores = 0, stride = 1;
};

/// One row of several numbers: [N] or [1, N], maybe with ones behind; or an image.
Classes classes_of(const graph::Shape& shape) {
  const size_t count = graph::element_count(shape);
  if (shape.empty() || count < 2) return {};
  if (*std::max_element(shape.begin(), shape.end()) == count) return {1, count, 1};
  if (shape.size() != 4 || shape[0] != 1) return {};
  const size_t pixels = size_t{shape[2]} * shape[3];
  return {pixels, shape[1], pixels};
}

size_t class_at(const std::vector<float>& scores, const Classes& classes, size_t position) {
  if (classes.scores == 1) return scores[position] > 0.5f ? 1 : 0;
  size_t best = 0;
  for (size_t i = 1; i < classes.scores; ++i)
    if (scores[position + i * classes.stride] > scores[position + best * classes.stride]) best = i;
  return best;
}

void compare_classes(const std::vector<float>& wanted, const std::vector<float>& given, const Classes& classes,
                     OutputLoss& loss) {
  loss.positions += classes.positions;
  for (size_t i = 0; i < classes.positions; ++i)
    if (class_at(wanted, classes, i) == class_at(given, classes, i)) ++loss.agreeing;
}

}  // namespace

void Ratio::add(const std::vector<float>& wanted, const std::vector<float>& given) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(wanted[i])) continue;
    const double difference = double{wanted[i]} - double{given[i]};
    signal += double{wanted[i]} * wanted[i];
    noise += difference * difference;
  }
}

double Ratio::decibels() const {
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return signal == 0 ? -std::numeric_limits<double>::infinity() : 10 * std::log10(signal / noise);
}

Expected<std::vector<OutputLoss>> measure_outputs(const graph::Module& floats, const graph::Module& integers,
                                                  const Samples& samples, const Options& options) {
  Expected<Runner> reference = Runner::make(floats, options.nnapi_library);
  if (!reference) return reference.error();
  Expected<Runner> actual = Runner::make(integers, options.nnapi_library);
  if (!actual) return actual.error();
  std::vector<OutputLoss> losses;
  std::vector<Classes> classes;
  for (const graph::Port& port : floats.ports.outputs) {
    OutputLoss loss;
    loss.name = port.name;
    classes.push_back(classes_of(port.shape));
    loss.is_mask = classes.back().positions > 1;
    losses.push_back(std::move(loss));
  }
  std::vector<Ratio> ratios(losses.size());
  for (size_t i = 0; i < samples.count(); ++i) {
    if (options.progress)
      options.progress("measuring: sample " + std::to_string(i + 1) + " of " + std::to_string(samples.count()));
    Expected<Sample> sample = samples.read(i);
    if (!sample) return sample.error();
    if (Expected<void> ran = reference->run(*sample); !ran) return ran.error();
    if (Expected<void> ran = actual->run(*sample); !ran) return ran.error();
    for (size_t output = 0; output < losses.size(); ++output) {
      const std::vector<float> wanted = reference->numbers(output), given = actual->numbers(output);
      ratios[output].add(wanted, given);
      compare_classes(wanted, given, classes[output], losses[output]);
    }
  }
  for (size_t output = 0; output < losses.size(); ++output) losses[output].signal_to_noise = ratios[output].decibels();
  return losses;
}

}  // namespace passerelle::calibration
