// passerelle ops: what is supported, from the tables that the converter itself goes by.

#include <memory>

#include "command.h"
#include "passerelle/lowering/lower.h"
#include "passerelle/nnapi/operation_type.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "target_options.h"

namespace passerelle::cli {
namespace {

bool in_operation_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// The operations that a row of the table names, and its words with levels put behind those that came after `target`.
struct Becomes {
  std::string text;
  std::vector<nnapi::OperationType> operations;
};
Becomes becomes(const std::string& words, nnapi::FeatureLevel target) {
  Becomes result;
  for (size_t at = 0; at < words.size();) {
    size_t end = at;
    while (end < words.size() && in_operation_name(words[end])) ++end;
    if (end == at) {
      result.text += words[at++];
      continue;
    }
    std::string word = words.substr(at, end - at);
    at = end;
    result.text += word;
    std::optional<nnapi::OperationType> type = nnapi::operation_type_from_name(word);
    if (!type) continue;
    result.operations.push_back(*type);
    if (nnapi::FeatureLevel level = nnapi::introduced(*type); level > target)
      result.text += " (" + std::string(nnapi::feature_level_name(level)) + ")";
  }
  return result;
}

Expected<Outcome> execute(const TargetOptions& options) {
  Expected<std::optional<nnapi::FeatureLevel>> given = feature_level(options);
  if (!given) return given.error();
  nnapi::FeatureLevel target = given->value_or(default_feature_level);

  Outcome outcome;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  report::Table table(
      {{"operator"}, {"NNAPI operations", report::Column::left, true}, {"not supported", report::Column::left, true}});
  for (const lowering::SupportedOperator& row : lowering::supported_operators()) {
    Becomes named = becomes(row.nnapi, target);
    table.add({row.op, named.text, row.limits});
    nlohmann::ordered_json operations = nlohmann::ordered_json::array();
    for (nnapi::OperationType type : named.operations)
      operations.push_back({{"name", nnapi::name(type)}, {"feature_level", nnapi::introduced(type)}});
    rows.push_back(
        {{"name", row.op}, {"becomes", row.nnapi}, {"nnapi", std::move(operations)}, {"limits", row.limits}});
  }
  outcome.text = table.text() + "\n" + report::count(rows.size(), "operator") +
                 ". An operation with a level behind it came later than " +
                 std::string(nnapi::feature_level_name(target)) +
                 ": it is rewritten with\nothers where that is exact. \"passerelle check\" tells for a model.\n";
  outcome.json = {{"target_feature_level", target}, {"operators", std::move(rows)}};
  return outcome;
}

Action add(CLI::App& app, const Common&) {
  auto options = std::make_shared<TargetOptions>();
  add_target_options(app, *options);
  return [options] { return execute(*options); };
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
          "      for a script",
          {"text", "json"},
          add};
}

}  // namespace passerelle::cli
