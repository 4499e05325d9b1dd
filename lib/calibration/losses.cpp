#include "losses.h"

#include <algorithm>
#include <limits>

#include "measure.h"
#include "passerelle/passes/pipeline.h"

namespace passerelle::calibration {
namespace {

using graph::Module;

/// Takes the ratio of each operation.
class Ratings {
 public:
  explicit Ratings(const Choice& choice) : ratios_(choice.floats.main().operations.size()) {}

  Visit visit() {
    return [this](size_t operation, const std::vector<float>& wanted, const std::vector<float>& given) {
      if (!ratios_[operation]) ratios_[operation].emplace();
      ratios_[operation]->add(wanted, given);
    };
  }
  Ratios result() const {
    Ratios result(ratios_.size());
    for (size_t i = 0; i < result.size(); ++i)
      if (ratios_[i]) result[i] = ratios_[i]->decibels();
    return result;
  }

 private:
  std::vector<std::optional<Ratio>> ratios_;
};

double worst(const std::vector<OutputLoss>& outputs) {
  double result = std::numeric_limits<double>::infinity();
  for (const OutputLoss& output : outputs) result = std::min(result, output.signal_to_noise);
  return result;
}

}  // namespace

Expected<Ratios> accumulated_ratios(const Choice& choice, const IntegerGraph& made, const Samples& samples,
                                    const Options& options, const passes::Target& target) {
  Ratings ratings(choice);
  if (Expected<void> ran = visit_accumulated(choice, made, samples, options, target, ratings.visit()); !ran)
    return ran.error();
  return ratings.result();
}

Expected<Ratios> single_ratios(const Choice& choice, const Samples& samples, const Options& options,
                               const passes::Target& target) {
  Ratings ratings(choice);
  if (Expected<void> ran = visit_alone(choice, samples, options, target, ratings.visit()); !ran) return ran.error();
  return ratings.result();
}

Expected<Ratios> sensitivities(const Choice& choice, const Module& reference, const Samples& samples,
                               const Options& options, const passes::Target& target) {
  const passes::Target wide = with_borders(target);
  Options on_floats = options;
  on_floats.quantized_inputs = on_floats.quantized_outputs = false;
  on_floats.given_inputs.clear();
  on_floats.progress = nullptr;
  Ratios result(choice.roles.size());
  for (size_t i = 0; i < result.size(); ++i) {
    if (choice.roles[i] == Role::floats || choice.roles[i] == Role::moves) continue;
    if (options.progress)
      options.progress("trying operation " + std::to_string(i + 1) + " of " + std::to_string(result.size()) +
                       " in integers alone");
    Roles alone(choice.roles.size(), Role::floats);
    alone[i] = choice.roles[i];
    Module swapped =
        integer_graph(choice.floats, alone, choice.scales, choice.shifts, on_floats, target.feature_level).module;
    if (!passes::run(swapped, wide).empty()) continue;
    Expected<std::vector<OutputLoss>> outputs = measure_outputs(reference, swapped, samples, on_floats);
    if (!outputs) return outputs.error();
    result[i] = worst(*outputs);
  }
  return result;
}

}  // namespace passerelle::calibration
