#include "words.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

/// The option that asks for a level.
std::string level_option(nnapi::FeatureLevel level) {
  return level <= 5 ? "--min-api " + std::to_string(26 + level) : "--feature-level " + std::to_string(level);
}

}  // namespace

std::string share_text(const Share& share) {
  if (share.whole == 0) return "none in it";
  const double percent = 100.0 * static_cast<double>(share.part) / static_cast<double>(share.whole);
  // Neither "100%" of what is not all, nor "0%" of what is not nothing.
  std::string rounded = fmt::format("{:.0f}", percent);
  if (share.part < share.whole && rounded == "100") rounded = "over 99";
  if (share.part > 0 && rounded == "0") rounded = "under 1";
  return thousands(share.part) + " of " + thousands(share.whole) + " (" + rounded + "%)";
}

std::string verdict(const CheckReport& report) {
  const std::string target(nnapi::feature_level_name(report.target));
  if (report.converts()) return "converts for " + target;
  if (report.smallest_level > 0)
    return "does not convert for " + target + ", but from " +
           std::string(nnapi::feature_level_name(report.smallest_level)) + " on";
  return "does not convert for " + target + ", nor for any other level";
}

std::string lowest_level_text(const CheckReport& report) {
  if (report.smallest_level == 0) return "none: something in it has no counterpart at any level";
  return std::string(nnapi::feature_level_name(report.smallest_level));
}

std::string advice(const CheckReport& report) {
  if (report.converts()) return {};
  if (report.smallest_level > 0)
    return "Convert with " + level_option(report.smallest_level) +
           ", or change the model as it says under \"instead\" to reach older devices.";
  const bool some = std::any_of(report.findings.begin(), report.findings.end(),
                                [](const Finding& finding) { return !finding.diagnostic.suggestion.empty(); });
  return some ? "Each line under \"where\" is a line of your Python: change it as \"instead\" says, save the model "
                "again, "
                "and check again."
              : "Leave what is listed out of the model, and do it in the app before or after the model runs.";
}

}  // namespace passerelle::report
