#include "words.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "passerelle/report/findings.h"
#include "passerelle/report/words.h"

namespace passerelle::report {

std::string arg_max_text(const verify::Comparison& comparison) {
  if (!comparison.arg_max) return "-";
  const verify::ArgMaxAgreement& agreement = *comparison.arg_max;
  std::string text = fmt::format("{} of {}", agreement.agreeing, agreement.positions);
  if (agreement.required && agreement.ties > 0) text += " and " + count(agreement.ties, "tie");
  return text;
}

std::string range_text(const verify::Comparison& comparison) {
  return fmt::format("{:.4g} to {:.4g}", comparison.reference_min, comparison.reference_max);
}

std::string difference_text(const verify::Comparison& comparison, float step) {
  const double difference = comparison.max_difference;
  if (step == 0) return scientific(difference);
  return count(static_cast<size_t>(difference), "step") + ", " + scientific(difference * static_cast<double>(step));
}

std::string decibels_text(const verify::Comparison& comparison) {
  const double ratio = comparison.signal_to_noise;
  return std::isfinite(ratio) ? fmt::format("{:.1f} dB", ratio) : "-";
}

std::string verdict_text(const verify::Comparison& comparison) {
  if (!comparison.passed) return "differs";
  return comparison.by_ratio ? "ok by SNR" : "ok";
}

std::vector<std::string> remarks(const VerifyReport& report) {
  std::vector<std::string> sentences;
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    const verify::Comparison& comparison = report.comparisons[i];
    if (comparison.passed && comparison.by_ratio)
      sentences.push_back(
          fmt::format("Elements of {} differ by more than {}, but all in all by little: its signal-to-noise ratio is "
                      "{}, and {:.4g} "
                      "dB are enough here (--snr; --steps, --rtol or --atol for a limit on each element).",
                      report.outputs[i].name, scientific(comparison.limit), decibels_text(comparison),
                      *report.limits.signal_to_noise));
    if (comparison.not_finite > 0)
      sentences.push_back(fmt::format(
          "In LibTorch already {} of {} {} infinite or not a number: give inputs for which the model computes numbers.",
          count(comparison.not_finite, "element"), report.outputs[i].name, comparison.not_finite == 1 ? "is" : "are"));
  }
  return sentences;
}

std::string layers_verdict(const verify::Layers& layers) {
  const std::string compared =
      thousands(layers.compared()) + " of " + count(layers.layers.size(), "operation") + " were compared";
  if (!layers.first_bad) return compared + ", and none is off by more than its limit.";
  const verify::Layer& layer = layers.layers[*layers.first_bad];
  return compared + ". The first that is off by more than its limit is operation " + std::to_string(layer.operation) +
         ", " + layer.name + ", of " + layer.op + " in " + place_text(layer.op_origin) + ".";
}

}  // namespace passerelle::report
