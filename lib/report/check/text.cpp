#include "passerelle/report/check_report.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {
namespace {

std::string verdict_line(const CheckReport& report) {
  const Style style = report.converts() ? Style::green : report.smallest_level > 0 ? Style::yellow : Style::red;
  std::string result = report.model + " " + styled(verdict(report), style);
  if (report.converts())
    return result + ": " + count(report.operators.whole, "operator") + ", " +
           count(report.nnapi_operations, "NNAPI operation") + ".\n";
  return result + ": " + count(report.obstacles(), "obstacle") + " among " + count(report.operators.whole, "operator") +
         ".\n";
}

std::string fact(const std::string& label, const std::string& text) {
  constexpr size_t label_width = 16;
  std::string result, indent = "  " + label + std::string(label_width - label.size(), ' ');
  for (const std::string& line : wrapped(text, text_width - indent.size())) {
    result += indent + line + '\n';
    indent.assign(indent.size(), ' ');
  }
  return result;
}

std::string facts(const CheckReport& report) {
  std::string result;
  if (!report.converts()) {
    result += fact("operators", share_text(report.operators) + " would convert");
    if (report.multiply_adds.whole > 0)
      result += fact("multiply-adds", share_text(report.multiply_adds) + " are in those");
  }
  result += fact("lowest level", lowest_level_text(report));
  if (!report.complete)
    result += fact("not seen", "what depends on an operator that can't be run here, for its result has no known shape");
  return result;
}

std::string level_needs(const CheckReport& report) {
  if (!report.converts() || report.level_needs.empty()) return {};  // what does not convert has told it above
  Table table({{"operator"}, {"times", Column::right}, {"why", Column::left, true}, {"where", Column::left, true}});
  for (const Finding& finding : report.level_needs)
    table.add({finding.diagnostic.op, thousands(finding.places.size()), finding.diagnostic.message,
               short_place_text(finding.places.front().origin)});
  return "What needs " + std::string(nnapi::feature_level_name(report.smallest_level)) + ":\n\n" + table.text(2);
}

std::string guards(const CheckReport& report) {
  Table table({{"guard"}, {"found"}, {""}});
  for (const Guard& guard : report.guards)
    table.add({guard.condition, guard.found, guard.failed ? styled("FAILS", Style::red) : "ok"});
  return table.empty() ? std::string() : table.text(2);
}

std::string closing(const CheckReport& report) {
  if (report.obstacles() == 0) return {};
  const size_t accepted = report.accepted();
  if (accepted == report.obstacles()) return "All of it was accepted by --allow or --baseline: nothing is new.\n";
  std::string text = advice(report);
  if (accepted > 0)
    text = thousands(accepted) + " of " + thousands(report.obstacles()) + " accepted, " +
           thousands(report.obstacles() - accepted) + " new. " + text;
  std::string result;
  for (const std::string& line : wrapped(text, text_width)) result += line + '\n';
  return result;
}

}  // namespace

std::string check_text(const CheckReport& report) {
  std::string result = verdict_line(report) + "\n" + facts(report);
  for (const std::string& part : {findings_text(report.findings), level_needs(report), guards(report), closing(report)})
    if (!part.empty()) result += "\n" + part;
  return result;
}

}  // namespace passerelle::report
