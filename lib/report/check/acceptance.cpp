// What is known already, and what is watched besides: --allow, --baseline, --fail-on.
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "passerelle/report/check_report.h"
#include "passerelle/report/flow.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;

/// By what an obstacle is known again: not by its line, which moves.
using Key = std::tuple<std::string, std::string, std::string, std::string>;

Key key_of(const Finding& finding, const Occurrence& place) {
  return {finding.diagnostic.op, graph::name(finding.diagnostic.reason), place.origin.module_path,
          place.origin.user.file};
}

/// How often each obstacle was there. Throws Json::exception for another kind of document.
std::map<Key, size_t> known_obstacles(const Json& baseline) {
  std::map<Key, size_t> known;
  for (const Json& finding : baseline.at("diagnostics"))
    for (const Json& place : finding.at("places")) {
      const Json& source = place.at("source");
      ++known[{finding.at("operator").get<std::string>(), finding.at("reason").get<std::string>(),
               place.at("module").get<std::string>(), source.is_null() ? "" : source.at("file").get<std::string>()}];
    }
  return known;
}

/// "min-api>29": the level behind it; none where `condition` does not begin with `name`. The number must be one.
std::optional<int> bound(const std::string& condition, const std::string& name) {
  if (condition.compare(0, name.size() + 1, name + ">") != 0) return std::nullopt;
  int number = 0;
  const char* const begin = condition.data() + name.size() + 1;
  const char* const end = condition.data() + condition.size();
  const auto [stopped, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || stopped != end || number < 1) return std::nullopt;
  return number;
}

Guard level_guard(const CheckReport& report, const std::string& condition, int highest) {
  const nnapi::FeatureLevel level = report.smallest_level;
  if (level == 0) return {condition, "converts for no level", true};
  return {condition, "converts from " + std::string(nnapi::feature_level_name(level)) + " on", level > highest};
}

Guard count_guard(const CheckReport& report, const std::string& condition, size_t found, const std::string& what) {
  if (!report.converts()) return {condition, "not known: the model does not convert", true};
  return {condition, count(found, what), found > 0};
}

}  // namespace

size_t allow(CheckReport& report, const std::string& op) {
  size_t accepted = 0;
  for (Finding& finding : report.findings) {
    if (finding.diagnostic.op != op) continue;
    for (Occurrence& place : finding.places) {
      place.accepted_by = "--allow";
      ++accepted;
    }
  }
  return accepted;
}

Expected<void> accept_baseline(CheckReport& report, const Json& baseline, const std::string& name) {
  std::map<Key, size_t> known;
  try {
    if (!baseline.contains("models")) {
      known = known_obstacles(baseline);
    } else {
      for (const Json& model : baseline.at("models"))
        if (model.at("model") == report.model && model.contains("diagnostics")) known = known_obstacles(model);
    }
  } catch (const Json::exception&) {
    return Error{ErrorKind::unreadable, name + " is not a report of passerelle check --format json"};
  }
  for (Finding& finding : report.findings)
    for (Occurrence& place : finding.places) {
      const auto found = known.find(key_of(finding, place));
      if (!place.accepted_by.empty() || found == known.end() || found->second == 0) continue;
      place.accepted_by = "--baseline";
      --found->second;
    }
  return {};
}

Expected<void> add_guard(CheckReport& report, const std::string& condition, const graph::Module& module) {
  size_t transposed = 0, islands = 0;
  for (const graph::Graph& graph : module.graphs) {
    if (!report.converts()) break;
    const Flow flow = flow_of(graph);
    transposed += transposes(flow);
    islands += float_islands(flow).size();
  }
  if (condition == "transpose") {
    report.guards.push_back(count_guard(report, condition, transposed, "TRANSPOSE operation"));
  } else if (condition == "fp32-island") {
    report.guards.push_back(count_guard(report, condition, islands, "float island"));
  } else if (const auto level = bound(condition, "feature-level")) {
    report.guards.push_back(level_guard(report, condition, *level));
  } else if (const auto api = bound(condition, "min-api"); api && *api >= 27) {
    report.guards.push_back(level_guard(report, condition, std::min(*api, 31) - 26));
  } else {
    return Error{ErrorKind::usage, "--fail-on " + condition +
                                       ": there are transpose, fp32-island, min-api>N (N from 27) and feature-level>N, "
                                       "separated by commas"};
  }
  return {};
}

}  // namespace passerelle::report
