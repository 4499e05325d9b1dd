// passerelle ops: what is supported, from the tables that the converter itself goes by.

#include <memory>

#include "command.h"
#include "passerelle/lowering/lower.h"
#include "passerelle/nnapi/operation_type.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "passerelle/support/check.h"
#include "target_options.h"

namespace passerelle::cli {
namespace {

struct NnapiOperation {
  std::string name;
  nnapi::FeatureLevel level;
};

/// "CONV_2D, DEPTHWISE_CONV_2D" with the level that each came in.
std::vector<NnapiOperation> operations_of(const std::string& list) {
  std::vector<NnapiOperation> result;
  for (size_t at = 0; at < list.size();) {
    size_t end = std::min(list.find(", ", at), list.size());
    std::string name = list.substr(at, end - at);
    std::optional<nnapi::OperationType> type = nnapi::operation_type_from_name(name);
    check(type.has_value(), "the table of lowerings names NNAPI's operations: " + name);
    result.push_back({name, nnapi::introduced(*type)});
    at = end + 2;
  }
  return result;
}

/// An operation that came after `target` is followed by its level.
std::string operations_text(const std::vector<NnapiOperation>& operations, nnapi::FeatureLevel target) {
  std::string result;
  for (const NnapiOperation& operation : operations) {
    result += (result.empty() ? "" : ", ") + operation.name;
    if (operation.level > target) result += " (" + std::string(nnapi::feature_level_name(operation.level)) + ")";
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
    std::vector<NnapiOperation> operations = operations_of(row.nnapi);
    table.add({row.op, operations_text(operations, target), row.limits});
    nlohmann::ordered_json names = nlohmann::ordered_json::array();
    for (const NnapiOperation& operation : operations)
      names.push_back({{"name", operation.name}, {"feature_level", operation.level}});
    rows.push_back({{"name", row.op}, {"nnapi", std::move(names)}, {"limits", row.limits}});
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
          "Lists the TorchScript operators that can be converted, the NNAPI operations that they become, and what\n"
          "of them is not supported.\n",
          "  passerelle ops\n"
          "      for Android 10 (API 29)\n"
          "  passerelle ops --min-api 27\n"
          "      for Android 8.1: operations that it lacks are marked with the level that they came in\n"
          "  passerelle ops --format json\n"
          "      for a script\n",
          {"text", "json"},
          add};
}

}  // namespace passerelle::cli
