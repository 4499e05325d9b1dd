#include "passerelle/calibration/quantize.h"

#include <algorithm>

#include "bias_correction.h"
#include "choice.h"
#include "equalisation.h"
#include "integer_graph.h"
#include "losses.h"
#include "measure.h"
#include "observation.h"

namespace passerelle::calibration {
namespace {

using graph::Diagnostic;
using graph::Module;

/// Everything is said in NNAPI's own words there, and folded; what a lower level lacks is not yet rewritten.
passes::Target widest() {
  passes::Target target;
  target.feature_level = nnapi::highest_feature_level;
  return target;
}

Error usage(const std::string& what) { return {ErrorKind::usage, what}; }

/// Numbers that are the same everywhere have no range.
Expected<void> check_samples(const Module& floats, const Observations& seen) {
  for (size_t i = 0; i < floats.ports.inputs.size(); ++i) {
    const auto found = seen.find(floats.main().inputs[i]);
    if (found != seen.end() && found->second.histogram.is_constant())
      return usage("the samples are the same number everywhere in the input '" + floats.ports.inputs[i].name +
                   "': ranges are learnt from data, so give samples of what the app will hand over");
  }
  return {};
}

/// What must be so before minutes are spent.
Expected<void> check_options(const Module& floats, const Options& options, const passes::Target& target) {
  if (options.signed_activations && target.feature_level < 4)
    return usage("signed activations came with API 30: leave --activations signed out, or convert with --min-api 30");
  const bool takes_floats =
      std::any_of(floats.ports.inputs.begin(), floats.ports.inputs.end(),
                  [](const graph::Port& port) { return port.element_type == graph::ElementType::float32; });
  if (target.feature_level < nnapi::introduced(graph::OperationType::QUANTIZE) && takes_floats &&
      !options.quantized_inputs && options.given_inputs.size() < floats.ports.inputs.size())
    return usage(
        "below API 29 NNAPI can't quantize an input: let the app hand over integers with --input-quantized, "
        "or convert with --min-api 29");
  return {};
}

graph::Origin origin_of(const Module& module, size_t operation) {
  const uint32_t origin = module.main().operations[operation].origin;
  return origin < module.origins.size() ? module.origins[origin] : graph::Origin();
}

/// What is made at the model's border has no node, but names of its own.
bool is_same(const graph::Origin& a, const graph::Origin& b) { return a.node == b.node && (a.node || a.op == b.op); }

bool is_kept(const graph::Operation& operation, const graph::Origin& origin, const std::string& name) {
  const std::string& path = origin.module_path;
  const bool is_below =
      path.compare(0, name.size(), name) == 0 && (path.size() == name.size() || path[name.size()] == '.');
  return (!name.empty() && is_below) || name == origin.op || (operation.type && name == nnapi::name(*operation.type));
}

/// By hand. Each name has to be found.
Expected<std::vector<bool>> kept_floats(const Module& floats, const Options& options) {
  std::vector<bool> kept(floats.main().operations.size());
  for (const std::string& name : options.keep_float) {
    bool found = false;
    for (size_t i = 0; i < kept.size(); ++i) {
      if (!is_kept(floats.main().operations[i], origin_of(floats, i), name)) continue;
      kept[i] = found = true;
    }
    if (!found)
      return usage("--keep-float " + name +
                   ": no operation comes from such a module or operator; passerelle inspect names them");
  }
  return kept;
}

/// What is compared: noise of many outputs, each by its own measure.
double mean_decibels(const std::vector<OutputLoss>& outputs) {
  constexpr double most = 120;  // where two are equal
  double sum = 0;
  for (const OutputLoss& output : outputs) sum += std::clamp(output.signal_to_noise, -most, most);
  return outputs.empty() ? 0 : sum / static_cast<double>(outputs.size());
}

class Quantizer {
  static constexpr size_t few_ = 4;  // samples, where each operation is looked at by itself

 public:
  Quantizer(Module floats, const Samples& samples, const Samples& evaluation, const Options& options,
            const passes::Target& target)
      : floats_(std::move(floats)), samples_(samples), evaluation_(evaluation), options_(options), target_(target) {
    target_.removes_float_islands = false;
  }

  Expected<Quantized> run() {
    Expected<std::vector<bool>> kept = kept_floats(floats_, options_);
    if (!kept) return kept.error();
    kept_ = *std::move(kept);
    reference_ = floats_;
    passes::finish(reference_, widest());
    Quantized result;
    if (Expected<void> decided = decide(result.report); !decided) return decided.error();
    build();
    result.module = made_.module;
    if (!refused_.empty()) return Expected<Quantized>(std::move(result));  // finishing it tells
    if (Expected<void> met = meet_demands(); !met) return met.error();
    result.module = made_.module;
    if (Expected<void> measured = measure_operations(); !measured) return measured.error();
    Expected<std::vector<OutputLoss>> outputs = measure_outputs(reference_, finished_, evaluation_, options_);
    if (!outputs) return outputs.error();
    result.report.samples = samples_.count();
    result.report.measured = evaluation_.count();
    result.report.outputs = *std::move(outputs);
    result.report.operations = operations();
    return Expected<Quantized>(std::move(result));
  }

 private:
  /// Which steps of the method gain anything is seen on a few samples; all of them are for the ranges.
  Expected<void> decide(Report& report) {
    constexpr size_t few = 16;
    const Samples some = samples_.some(few);
    if (Expected<void> seen = look(floats_, some); !seen) return seen;
    if (Expected<void> useful = check_samples(floats_, seen_); !useful) return useful;
    if (Expected<void> done = attempt("ranges", some, report); !done || !refused_.empty()) return done;
    if (options_.equalises)
      if (Expected<void> done = equalise_channels(some, report); !done) return done;
    if (options_.corrects_bias) {
      if (Expected<void> corrected = correct_biases(some); !corrected) return corrected;
      if (Expected<void> done = attempt("bias correction", some, report); !done) return done;
      options_.corrects_bias = report.gains.back().is_kept;
    }
    if (some.count() < samples_.count())
      if (Expected<void> seen = look(floats_, samples_); !seen) return seen;
    // Other ranges, other shifts.
    shifts_.clear();
    return options_.corrects_bias ? correct_biases(some) : Expected<void>();
  }

  /// All sets of channels that are said to gain, and then only those that gain most: weights that are exact as they
  /// stand are worth more than the estimate knows.
  Expected<void> equalise_channels(const Samples& samples, Report& report) {
    const Module before = floats_;
    const Observations seen_before = seen_;
    Module best = floats_;
    Observations seen_best = seen_;
    const std::pair<const char*, double> ways[] = {{"equalisation", 1}, {"equalisation of the worst", 0.5}};
    for (const auto& [step, most_noise] : ways) {
      floats_ = before;
      if (equalise(floats_.main(), seen_before, options_, target_.feature_level, most_noise) == 0) continue;
      if (Expected<void> seen = look(floats_, samples); !seen) return seen;
      if (Expected<void> done = attempt(step, samples, report); !done) return done;
      if (!report.gains.back().is_kept) continue;
      for (size_t i = 1; i + 1 < report.gains.size(); ++i) report.gains[i].is_kept = false;
      best = floats_;
      seen_best = seen_;
    }
    floats_ = std::move(best);
    seen_ = std::move(seen_best);
    return {};
  }

  Expected<void> correct_biases(const Samples& samples) {
    shifts_.clear();
    build();
    if (!refused_.empty()) return {};
    Expected<BiasShifts> shifts = bias_shifts({floats_, roles_, scales_, shifts_}, samples, options_, target_);
    if (!shifts) return shifts.error();
    shifts_ = *std::move(shifts);
    return {};
  }

  Expected<void> look(const Module& floats, const Samples& samples) {
    Expected<Observations> seen = observe(floats, samples, options_);
    if (!seen) return seen.error();
    seen_ = *std::move(seen);
    return {};
  }

  Expected<void> attempt(const char* step, const Samples& samples, Report& report) {
    build();
    if (!refused_.empty()) return {};
    Expected<std::vector<OutputLoss>> outputs = measure_outputs(reference_, finished_, samples, options_);
    if (!outputs) return outputs.error();
    Gain gain{step, mean_decibels(*outputs), true};
    for (const Gain& before : report.gains)
      if (before.is_kept && before.signal_to_noise >= gain.signal_to_noise) gain.is_kept = false;
    report.gains.push_back(std::move(gain));
    return {};
  }

  // --- The most harmful operations stay float until enough is kept.

  Expected<bool> is_enough() {
    Expected<std::vector<OutputLoss>> outputs = measure_outputs(reference_, finished_, samples_, options_);
    if (!outputs) return outputs.error();
    constexpr double percent = 100;
    for (const OutputLoss& output : *outputs) {
      if (options_.min_snr && output.signal_to_noise < *options_.min_snr) return false;
      if (options_.min_agreement && output.positions > 0 &&
          percent * static_cast<double>(output.agreeing) <
              *options_.min_agreement * static_cast<double>(output.positions))
        return false;
    }
    return true;
  }

  /// As few as it takes: the number is found by halving, as each more makes the rest no worse.
  Expected<void> meet_demands() {
    if (!options_.min_snr && !options_.min_agreement) return {};
    Expected<bool> enough = is_enough();
    if (!enough) return enough.error();
    if (*enough) return {};
    if (target_.feature_level < nnapi::introduced(graph::OperationType::QUANTIZE))
      return usage("what was asked for is not met, and below API 29 nothing can stay float: convert with --min-api 29");
    Expected<std::vector<size_t>> harmful = most_harmful_first();
    if (!harmful) return harmful.error();
    const std::vector<bool> by_hand = kept_;
    size_t too_few = 0, sufficient = harmful->size();
    while (too_few + 1 < sufficient) {
      const size_t count = (too_few + sufficient) / 2;
      keep_first(by_hand, *harmful, count);
      enough = is_enough();
      if (!enough) return enough.error();
      (*enough ? sufficient : too_few) = count;
    }
    keep_first(by_hand, *harmful, sufficient);
    for_ratio_.assign(kept_.size(), false);
    for (size_t i = 0; i < kept_.size(); ++i) for_ratio_[i] = kept_[i] && !by_hand[i];
    return {};
  }

  void keep_first(const std::vector<bool>& by_hand, const std::vector<size_t>& harmful, size_t count) {
    kept_ = by_hand;
    for (size_t i = 0; i < count; ++i) kept_[harmful[i]] = true;
    build();
  }

  Expected<std::vector<size_t>> most_harmful_first() {
    Expected<Ratios> ratios =
        sensitivities({floats_, roles_, scales_, shifts_}, reference_, samples_.some(few_), options_, target_);
    if (!ratios) return ratios.error();
    sensitivities_ = *std::move(ratios);
    std::vector<size_t> result;
    for (size_t i = 0; i < sensitivities_.size(); ++i)
      if (sensitivities_[i]) result.push_back(i);
    std::stable_sort(result.begin(), result.end(),
                     [&](size_t a, size_t b) { return *sensitivities_[a] < *sensitivities_[b]; });
    return result;
  }

  Expected<void> measure_operations() {
    const Choice choice{floats_, roles_, scales_, shifts_};
    const Samples some = samples_.some(few_);
    Expected<Ratios> accumulated = accumulated_ratios(choice, made_, some, options_, target_);
    if (!accumulated) return accumulated.error();
    Expected<Ratios> alone = single_ratios(choice, some, options_, target_);
    if (!alone) return alone.error();
    accumulated_ = *std::move(accumulated);
    alone_ = *std::move(alone);
    return {};
  }

  // --- The integers.

  /// What turns out to be illegal as integers stays float.
  void build() {
    std::vector<bool> kept = kept_;
    for (bool again = true; again;) {
      roles_ = choose_roles(floats_.main(), kept);
      scales_ = choose_scales(floats_.main(), roles_, seen_, options_, target_.feature_level);
      made_ = integer_graph(floats_, roles_, scales_, shifts_, options_, target_.feature_level);
      finished_ = made_.module;
      refused_ = passes::run(finished_, target_);
      again = keep_refused(kept);
    }
  }

  bool keep_refused(std::vector<bool>& kept) const {
    bool some = false;
    for (const Diagnostic& diagnostic : refused_)
      for (size_t i = 0; i < kept.size(); ++i) {
        if (roles_[i] == Role::floats || kept[i]) continue;
        if (!is_same(origin_of(floats_, i), diagnostic.origin)) continue;
        kept[i] = some = true;
      }
    return some;
  }

  std::vector<OperationLoss> operations() const {
    std::vector<OperationLoss> result;
    for (size_t i = 0; i < roles_.size(); ++i) {
      const graph::Operation& operation = floats_.main().operations[i];
      OperationLoss loss;
      loss.name = nnapi::name(*operation.type);
      loss.origin = origin_of(floats_, i);
      loss.in_integers = roles_[i] != Role::floats;
      if (const auto scale = scales_.find(operation.output()); loss.in_integers && scale != scales_.end()) {
        loss.scale = scale->second.quantization.scale;
        loss.zero_point = scale->second.quantization.zero_point;
      }
      if (const auto seen = seen_.find(operation.output()); seen != seen_.end()) {
        loss.lowest = seen->second.histogram.lowest();
        loss.highest = seen->second.histogram.highest();
      }
      if (loss.in_integers) {
        loss.accumulated = accumulated_[i];
        loss.alone = alone_[i];
      }
      if (!sensitivities_.empty()) loss.in_the_end = sensitivities_[i];
      loss.kept_for_ratio = !for_ratio_.empty() && for_ratio_[i];
      result.push_back(std::move(loss));
    }
    return result;
  }

  Module floats_;
  Module reference_;  // as it was, finished
  const Samples& samples_;
  const Samples& evaluation_;
  Options options_;
  passes::Target target_;
  std::vector<bool> kept_;  // in floats, by hand
  Observations seen_;
  Roles roles_;
  Scales scales_;
  BiasShifts shifts_;
  IntegerGraph made_;
  Module finished_;
  std::vector<Diagnostic> refused_;
  std::vector<bool> for_ratio_;  // in floats, because too much was lost
  Ratios sensitivities_, accumulated_, alone_;
};

}  // namespace

Expected<Quantized> quantize(Module floats, const Samples& samples, const Samples& evaluation, const Options& options,
                             const passes::Target& target) {
  if (Expected<void> sensible = check_options(floats, options, target); !sensible) return sensible.error();
  passes::optimise(floats, widest());
  Module legal = floats;
  if (std::vector<Diagnostic> refused = passes::finish(legal, widest()); !refused.empty()) {
    Quantized result;
    result.module = std::move(floats);
    result.diagnostics = std::move(refused);
    return Expected<Quantized>(std::move(result));
  }
  return Quantizer(std::move(floats), samples, evaluation, options, target).run();
}

}  // namespace passerelle::calibration
