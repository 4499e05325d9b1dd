#include "levels.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "passerelle/converter/convert.h"
#include "passerelle/report/check_report.h"

namespace passerelle::tests {
namespace {

using Json = nlohmann::ordered_json;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::string name_of(int level) { return std::string(nnapi::feature_level_name(level)); }

/// How an obstacle that a level removes says so, and one that none removes.
void check_obstacle(const Json& obstacle, int target, int smallest) {
  const int level = obstacle["feature_level"];
  const std::string suggestion = obstacle["suggestion"];
  INFO("obstacle: " << obstacle.dump());
  CHECK((level > 0) == (obstacle["reason"] == "needs-feature-level"));
  CHECK((level == 0 || level > target));
  CHECK(holds(suggestion, "convert with --") == (level > 0));
  if (smallest > 0) {
    const std::string option =
        smallest <= 5 ? "--min-api " + std::to_string(26 + smallest) : "--feature-level " + std::to_string(smallest);
    CHECK(level > 0);
    CHECK(level <= smallest);
    CHECK(holds(suggestion, option));
  }
}

void check_report(const report::CheckReport& report, int target, int smallest) {
  const Json json = report::check_json(report);
  const std::string text = report::check_text(report);
  INFO(text);
  const bool converts = smallest > 0 && target >= smallest;
  CHECK(json["converts"] == converts);
  CHECK(json["smallest_feature_level"] == smallest);
  CHECK(json["diagnostics"].empty() == converts);
  size_t obstacles = 0;
  int highest = 0;
  for (const Json& obstacle : json["diagnostics"]) {
    check_obstacle(obstacle, target, smallest);
    CHECK(obstacle["count"] == obstacle["places"].size());
    obstacles += obstacle["places"].size();
    highest = std::max(highest, obstacle["feature_level"].get<int>());
  }
  CHECK(json["obstacles"] == obstacles);
  CHECK(json["operators_converted"].get<size_t>() <= json["operators"].get<size_t>());
  if (!converts) CHECK(json["operators_converted"].get<size_t>() < json["operators"].get<size_t>());
  if (!converts && smallest > 0) CHECK(highest == smallest);
  for (const Json& need : json["level_needs"]) CHECK(need["feature_level"] == smallest);
  CHECK(json["level_needs"].empty() == (smallest <= 1));
  CHECK(holds(text, "but from " + name_of(std::max(smallest, 1)) + " on") == (!converts && smallest > 0));
  CHECK(holds(text, "nor for any other level") == (smallest == 0));
  CHECK(holds(text, "What needs ") == (converts && smallest > 1));
}

}  // namespace

void require_levels_agree(const torchscript::Model& model, const std::vector<torchscript::InputSpec>& inputs) {
  converter::Options options;
  options.inputs = inputs;
  options.target.feature_level = nnapi::highest_feature_level;
  const Expected<trace::Trace> trace = converter::trace(model, options);
  if (!trace) FAIL(trace.error().message);
  int smallest = 0;
  for (int level = nnapi::highest_feature_level; level >= nnapi::lowest_feature_level; --level) {
    options.target.feature_level = level;
    const Expected<converter::Converted> converted = converter::convert(*trace, options);
    if (!converted) FAIL(converted.error().message);
    if (!converted->diagnostics.empty()) break;
    smallest = level;
  }
  for (int level = nnapi::lowest_feature_level; level <= nnapi::highest_feature_level; ++level) {
    INFO("for feature level " << level);
    options.target.feature_level = level;
    const Expected<converter::Survey> survey = converter::survey(model, options);
    if (!survey) FAIL(survey.error().message);
    check_report(
        report::check_report("model.pt", {survey->trace, survey->converted.module, survey->converted.diagnostics, level,
                                          survey->smallest_level, survey->obstacles_below}),
        level, smallest);
  }
}

}  // namespace passerelle::tests
