#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "passerelle/report/check_summary.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;

std::string verdict_text(const CheckedModel& checked) {
  if (!checked.report) return styled("not checked: " + checked.error_kind, Style::red);
  const CheckReport& report = *checked.report;
  const size_t fresh = report.obstacles() - report.accepted();
  if (!report.passed() && fresh > 0)
    return styled(count(fresh, report.accepted() > 0 ? "new obstacle" : "obstacle"), Style::red);
  if (!report.passed()) return styled("a guard fails", Style::red);
  if (!report.converts()) return styled("nothing new: " + count(report.obstacles(), "obstacle"), Style::yellow);
  return styled("converts", Style::green);
}

std::string details(const CheckedModel& checked) {
  if (checked.report) return check_text(*checked.report);
  std::string text;
  for (const std::string& line : wrapped(checked.model + ": " + checked.error, text_width)) text += line + "\n";
  return text;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// How often the same model stands in front of this one: with other options.
size_t times_before(const std::vector<CheckedModel>& models, size_t which) {
  return static_cast<size_t>(
      std::count_if(models.begin(), models.begin() + static_cast<std::ptrdiff_t>(which),
                    [&](const CheckedModel& other) { return other.model == models[which].model; }));
}

}  // namespace

std::string summary_text(const std::vector<CheckedModel>& models) {
  std::string text;
  Table table({{"model", Column::left, true}, {"for"}, {"result"}, {"converts"}, {"lowest level"}});
  size_t failed = 0;
  for (const CheckedModel& checked : models) {
    if (checked.status != 0) text += details(checked) + "\n", ++failed;
    const CheckReport* const report = checked.report ? &*checked.report : nullptr;
    table.add({checked.model, report ? std::string(nnapi::feature_level_name(report->target)) : "",
               verdict_text(checked), report ? share_text(report->operators) : "",
               !report                       ? ""
               : report->smallest_level == 0 ? "none"
                                             : std::string(nnapi::feature_level_name(report->smallest_level))});
  }
  return text + table.text() + "\n" +
         (failed == 0 ? count(models.size(), "model") + ": nothing to do.\n"
                      : thousands(failed) + " of " + count(models.size(), "model") + " failed.\n");
}

Json model_json(const CheckedModel& model) {
  if (model.report) return check_json(*model.report);
  return {{"model", model.model}, {"error", {{"kind", model.error_kind}, {"message", model.error}}}};
}

Json summary_json(const std::vector<CheckedModel>& models, int status) {
  Json all = Json::array();
  for (const CheckedModel& checked : models) {
    all.push_back(model_json(checked));
    all.back()["status"] = checked.status;
  }
  return {{"passed", status == 0}, {"status", status}, {"models", std::move(all)}};
}

Json model_sarif(const std::vector<CheckedModel>& models, size_t which, const std::string& source_root,
                 const std::string& version) {
  const CheckedModel& model = models[which];
  CheckReport empty;
  empty.model = model.model;
  Json log = check_sarif(model.report ? *model.report : empty, source_root, version);
  Json& run = log["runs"][0];
  if (const size_t earlier = times_before(models, which); earlier > 0)
    run["automationDetails"]["id"] = "passerelle/" + model.model + "-" + std::to_string(earlier + 1) + "/";
  if (model.report) return log;
  Json notification = {{"level", "error"}, {"message", {{"text", model.error}}}};
  run["invocations"] = Json::array(
      {{{"executionSuccessful", false}, {"toolExecutionNotifications", Json::array({std::move(notification)})}}});
  run["properties"]["verdict"] = "not checked";
  return log;
}

Json summary_sarif(const std::vector<CheckedModel>& models, const std::string& source_root,
                   const std::string& version) {
  Json log;
  for (size_t i = 0; i < models.size(); ++i) {
    Json one = model_sarif(models, i, source_root, version);
    if (i == 0)
      log = std::move(one);
    else
      log["runs"].push_back(std::move(one["runs"][0]));
  }
  return log;
}

std::vector<std::string> file_names(const std::vector<CheckedModel>& models) {
  std::map<std::string, std::set<std::string>> paths;
  for (const CheckedModel& checked : models) paths[base_name(checked.model)].insert(checked.model);
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const CheckedModel& checked : models) {
    std::string name = base_name(checked.model);
    if (paths[name].size() > 1) {
      name = checked.model;
      std::replace(name.begin(), name.end(), '/', '_');
    }
    std::string free = name;
    for (int number = 2; !taken.insert(free).second; ++number) free = name + "-" + std::to_string(number);
    names.push_back(std::move(free));
  }
  return names;
}

}  // namespace passerelle::report
