// passerelle ops: what is supported, from the tables that the converter itself goes by.

#include <memory>

#include "command.h"
#include "passerelle/report/operators_report.h"
#include "target_options.h"

namespace passerelle::cli {
namespace {

Expected<Outcome> execute(const TargetOptions& options, const Common& common) {
  const Expected<std::optional<nnapi::FeatureLevel>> given = feature_level(options);
  if (!given) return given.error();
  const nnapi::FeatureLevel target = given->value_or(default_feature_level);
  const std::vector<report::OperatorRow> rows = report::operators_report();
  Outcome outcome;
  outcome.text = common.format == "markdown" ? report::operators_markdown(rows) : report::operators_text(rows, target);
  outcome.json = report::operators_json(rows, target);
  return outcome;
}

Action add(CLI::App& app, const Common& common) {
  auto options = std::make_shared<TargetOptions>();
  add_target_options(app, *options);
  return [options, &common] { return execute(*options, common); };
}

}  // namespace

Command ops_command() {
  return {"ops",
          "List the TorchScript operators that are supported",
          "[OPTION]...",
          "Lists the TorchScript operators that can be converted, the NNAPI operations that they become, and what "
          "of them is not supported.",
          "  passerelle ops\n"
          "      for Android 10 (API 29)\n"
          "  passerelle ops --min-api 27\n"
          "      for Android 8.1: operations that it lacks are marked with the level that they came in\n"
          "  passerelle ops --format json\n"
          "      for a script\n"
          "  passerelle ops --format markdown\n"
          "      as in docs/operators.md",
          {"text", "json", "markdown"},
          add};
}

}  // namespace passerelle::cli
