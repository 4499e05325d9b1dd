#include <spdlog/fmt/fmt.h>

#include "passerelle/report/bench_report.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {

double BenchReport::normalised(const BenchRow& row) const {
  const double unit = rows[baseline].timing.median();
  return unit > 0 ? row.timing.median() / unit : 0;
}

std::string threads_text(const BenchRow& row) { return row.threads == 0 ? "-" : std::to_string(row.threads); }

std::string duration(double seconds) {
  if (seconds >= 1) return fmt::format("{:.3f} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3f} ms", seconds * 1e3);
  return fmt::format("{:.1f} µs", seconds * 1e6);
}

std::string middle_half(const BenchRow& row) {
  return duration(row.timing.quantile(0.25)) + " to " + duration(row.timing.quantile(0.75));
}

std::string bench_text(const BenchReport& report) {
  Table table({{"engine"},
               {"threads", Column::right},
               {"median", Column::right},
               {"middle half", Column::right},
               {"fastest", Column::right},
               {"slowest", Column::right},
               {"normalised", Column::right},
               {"CPU use", Column::right}});
  for (const BenchRow& row : report.rows)
    table.add({row.engine, threads_text(row), duration(row.timing.median()), middle_half(row),
               duration(row.timing.lowest()), duration(row.timing.highest()),
               fmt::format("{:.3f}", report.normalised(row)), fmt::format("{:.0f}%", 100 * row.timing.cpu_use())});
  return styled(report.file, Style::bold) + ", " + count(static_cast<uint64_t>(report.options.repetitions), "run") +
         " after " + thousands(static_cast<uint64_t>(report.options.warm_up)) + " to warm up\n\n" + table.text() +
         "\nNNAPI took " + duration(report.compile_seconds) +
         " to compile it, once. Normalised: " + report.rows[report.baseline].engine +
         (report.rows[report.baseline].threads == 1 ? " with one thread" : "") + " is 1.000.\n" +
         "CPU use: 100% is one processor, busy all the time.\n";
}

}  // namespace passerelle::report
