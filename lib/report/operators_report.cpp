#include "passerelle/report/operators_report.h"

#include <algorithm>
#include <map>

#include "passerelle/lowering/lower.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

bool in_operation_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// Calls word(text, operation or nothing) for each stretch of the words that could name an operation or couldn't.
template <typename Visit>
void for_each_word(const std::string& words, Visit&& visit) {
  for (size_t at = 0; at < words.size();) {
    const bool named = in_operation_name(words[at]);
    size_t end = at;
    while (end < words.size() && in_operation_name(words[end]) == named) ++end;
    const std::string word = words.substr(at, end - at);
    at = end;
    visit(word, named ? nnapi::operation_type_from_name(word) : std::nullopt);
  }
}

std::string with_levels(const std::string& words, nnapi::FeatureLevel target) {
  std::string text;
  for_each_word(words, [&](const std::string& word, std::optional<nnapi::OperationType> type) {
    text += word;
    if (type && nnapi::introduced(*type) > target)
      text += " (" + std::string(nnapi::feature_level_name(nnapi::introduced(*type))) + ")";
  });
  return text;
}

/// The level from which nothing has to be rewritten.
std::string level_of(const OperatorRow& row) {
  nnapi::FeatureLevel level = nnapi::lowest_feature_level;
  for (nnapi::OperationType type : row.operations) level = std::max(level, nnapi::introduced(type));
  return row.operations.empty() ? "" : std::string(nnapi::feature_level_name(level));
}

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) result += c == '|' || c == '*' || c == '<' ? std::string("\\") + c : std::string(1, c);
  return result;
}

/// "aten" of "aten::relu"
std::string name_space(const std::string& op) { return op.substr(0, op.find("::")); }

constexpr const char* introduction =
    "# Operators\n"
    "\n"
    "Made by `passerelle ops --format markdown > docs/operators.md` from the tables that the converter itself goes "
    "by;\n"
    "a test fails when this page is not what the command prints. `passerelle check` tells for a model.\n"
    "\n"
    "* **becomes**: the NNAPI operations that an operator is written with. Passes then fold, fuse and drop many of "
    "them.\n"
    "* **as it stands from**: the level that has all of these. Below it they are rewritten with others where that is\n"
    "  exact, and reported where it is not. At a higher level, fewer may do.\n"
    "* **not supported**: what is refused, with a diagnostic. Besides, always: more than four dimensions that can't "
    "be\n"
    "  folded, shapes that depend on data, integers that don't fit INT32.\n"
    "\n"
    "Python's `if`, `while` and `for` that depend on data are IF and WHILE, from API 30 on; loops of more than 256 "
    "known\n"
    "steps are a WHILE there, shorter ones and those for lower levels are unrolled. What a branch gives or a loop "
    "carries\n"
    "keeps its shape and type. Python numbers that come from data are computed as tensors, as INT32 and FLOAT32; not "
    "by\n"
    "`**`, `round` and the functions of `math`, not in lists, tuples and dicts. Lists keep their length. What a "
    "branch\n"
    "would have raised is not raised: the other branch is all that is left, and `convert` says so.\n"
    "\n"
    "In-place forms and overloads are not listed apart. Tensors of int64 and smaller integers travel as INT32, float64 "
    "as\n"
    "FLOAT32. Operators of aten on quantized tensors are integers where NNAPI has the operation within one step of\n"
    "PyTorch's result, and go through floats, which `passerelle inspect` shows, where it has not.\n";

}  // namespace

std::vector<OperatorRow> operators_report() {
  std::vector<OperatorRow> rows;
  for (const lowering::SupportedOperator& supported : lowering::supported_operators()) {
    OperatorRow row{supported.op, supported.nnapi, {}, supported.limits};
    for_each_word(row.becomes, [&](const std::string&, std::optional<nnapi::OperationType> type) {
      if (type) row.operations.push_back(*type);
    });
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const OperatorRow& a, const OperatorRow& b) { return a.op < b.op; });
  return rows;
}

std::string operators_text(const std::vector<OperatorRow>& rows, nnapi::FeatureLevel target) {
  Table table({{"operator"}, {"NNAPI operations", Column::left, true}, {"not supported", Column::left, true}});
  for (const OperatorRow& row : rows) table.add({row.op, with_levels(row.becomes, target), row.limits});
  return table.text() + "\n" + count(rows.size(), "operator") +
         ". An operation with a level behind it came later than " + std::string(nnapi::feature_level_name(target)) +
         ": it is rewritten with\nothers where that is exact. \"passerelle check\" tells for a model.\n";
}

nlohmann::ordered_json operators_json(const std::vector<OperatorRow>& rows, nnapi::FeatureLevel target) {
  nlohmann::ordered_json operators = nlohmann::ordered_json::array();
  for (const OperatorRow& row : rows) {
    nlohmann::ordered_json operations = nlohmann::ordered_json::array();
    for (nnapi::OperationType type : row.operations)
      operations.push_back({{"name", nnapi::name(type)}, {"feature_level", nnapi::introduced(type)}});
    operators.push_back(
        {{"name", row.op}, {"becomes", row.becomes}, {"nnapi", std::move(operations)}, {"limits", row.limits}});
  }
  return {{"target_feature_level", target}, {"operators", std::move(operators)}};
}

std::string operators_markdown(const std::vector<OperatorRow>& rows) {
  std::map<std::string, std::vector<const OperatorRow*>> by_name_space;
  for (const OperatorRow& row : rows) by_name_space[name_space(row.op)].push_back(&row);
  std::string text = introduction;
  for (const auto& [name, members] : by_name_space) {
    text += "\n## " + name + ": " + count(members.size(), "operator") + "\n\n";
    text += "| operator | becomes | as it stands from | not supported |\n|---|---|---|---|\n";
    for (const OperatorRow* row : members)
      text += "| `" + row->op + "` | " + escaped(row->becomes) + " | " + level_of(*row) + " | " + escaped(row->limits) +
              " |\n";
  }
  return text;
}

}  // namespace passerelle::report
