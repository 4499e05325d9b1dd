#include <cstdio>

#include "passerelle/report/split_report.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

std::string percent(double share) {
  char digits[16];
  std::snprintf(digits, sizeof digits, share > 0 && share < 10 ? "%.1f %%" : "%.0f %%", share);
  return digits;
}

std::string milliseconds(double nanoseconds) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.2f ms", nanoseconds / 1e6);
  return digits;
}

std::string parts_table(const SplitReport& report) {
  Table table({{"part", Column::right},
               {"operators", Column::right},
               {"multiply-adds", Column::right},
               {"in", Column::right},
               {"out", Column::right},
               {"from", Column::left, true},
               {"to", Column::left, true}});
  for (size_t i = 0; i < report.parts.size(); ++i) {
    const SplitPartReport& part = report.parts[i];
    table.add({std::to_string(i), thousands(part.operators), thousands(part.multiply_adds), bytes(part.bytes_in),
               bytes(part.bytes_out), short_place_text(part.first), short_place_text(part.last)});
  }
  return table.empty() ? std::string() : table.text(2) + "\n";
}

}  // namespace

std::string split_text(const SplitReport& report) {
  std::string text = "  NNAPI      " + count(report.parts.size(), "part") + ", " +
                     thousands(report.operators - report.kept) + " of " + count(report.operators, "operator");
  if (report.multiply_adds > 0) text += ", " + percent(100 - report.cpu_share()) + " of the multiply-adds";
  text += "\n  LibTorch   " + count(report.kept, "operator");
  if (report.given_back > 0)
    text += ", " + thousands(report.given_back) + " of them because a border would cost more than they gain";
  text += "\n  by costs   " + milliseconds(report.nanoseconds) + " instead of " + milliseconds(report.all_cpu) +
          " in LibTorch alone\n\n" + parts_table(report);
  if (!report.blockers.empty()) text += "What NNAPI can't have:\n\n" + findings_text(report.blockers);
  return text;
}

}  // namespace passerelle::report
