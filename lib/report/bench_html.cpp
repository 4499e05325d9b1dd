#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "bench_words.h"
#include "html_page.h"
#include "passerelle/report/bench_report.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

std::string label(const BenchRow& row) {
  return row.engine + (row.threads > 0 ? ", " + count(static_cast<uint64_t>(row.threads), "thread") : "");
}

HtmlTable table_of(const BenchReport& report) {
  HtmlTable table;
  table.id = "timings";
  table.columns = {{"engine", HtmlColumn::keep},    {"threads", HtmlColumn::number}, {"median", HtmlColumn::number},
                   {"fastest", HtmlColumn::number}, {"slowest", HtmlColumn::number}, {"normalised", HtmlColumn::number},
                   {"CPU use", HtmlColumn::number}};
  const auto time = [](double seconds) { return HtmlCell(duration(seconds), fmt::format("{:.9f}", seconds)); };
  for (const BenchRow& row : report.rows)
    table.rows.push_back(
        {{row.engine,
          {threads_text(row), std::to_string(row.threads)},
          time(row.timing.median()),
          time(row.timing.lowest()),
          time(row.timing.highest()),
          fmt::format("{:.3f}", report.normalised(row)),
          {fmt::format("{:.0f}%", 100 * row.timing.cpu_use()), fmt::format("{:.3f}", row.timing.cpu_use())}}});
  return table;
}

/// A bar is the median, the line on it reaches over the middle half of the runs.
std::string plot_of(const BenchReport& report) {
  constexpr double width = 1080, left = 230, right = 120, bar = 26, step = 44, top = 10;
  double longest = 1e-9;
  for (const BenchRow& row : report.rows) longest = std::max(longest, row.timing.quantile(0.75));
  const auto x = [&](double seconds) { return left + (width - left - right) * seconds / longest; };
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Median latencies as bars; the table "
      "has the numbers\">",
      width, top + step * static_cast<double>(report.rows.size()) + 6);
  for (size_t i = 0; i < report.rows.size(); ++i) {
    const BenchRow& row = report.rows[i];
    const double y = top + step * static_cast<double>(i), middle = y + bar / 2;
    svg += fmt::format("<text class=\"strong\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", left - 12,
                       middle + 4, escaped(label(row)));
    svg += fmt::format("<rect class=\"bar{}\" x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"4\"/>",
                       row.threads > 0 ? " other" : "", left, y, x(row.timing.median()) - left, bar);
    svg += fmt::format("<line class=\"spread\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                       x(row.timing.quantile(0.25)), x(row.timing.quantile(0.75)), middle, middle);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x(row.timing.quantile(0.75)) + 10, middle + 4,
                       escaped(duration(row.timing.median())));
  }
  return svg + "</svg>";
}

}  // namespace

std::string bench_html(const BenchReport& report) {
  HtmlPage page("bench", report.file);
  const BenchRow& nnapi = report.rows.back();
  const std::string name = report.file.substr(report.file.find_last_of('/') + 1);
  page.verdict(Tone::plain, name + " takes " + duration(nnapi.timing.median()) + " in NNAPI",
               report.model.empty()
                   ? "The median of " + count(static_cast<uint64_t>(report.options.repetitions), "run") + "."
                   : fmt::format("{:.3f} of what LibTorch takes with one thread.", report.normalised(nnapi)));
  page.facts({{"Runs", thousands(static_cast<uint64_t>(report.options.repetitions)),
               "after " + thousands(static_cast<uint64_t>(report.options.warm_up)) + " to warm up"},
              {"Compiling", duration(report.compile_seconds), "once"},
              {"NNAPI", report.library.substr(report.library.find_last_of('/') + 1), report.library}});
  page.section("latency", "Latency", "The bar is the median, the line on it the middle half of the runs.");
  page.plot(plot_of(report));
  page.section("table", "Numbers",
               "Normalised: the first row is 1. CPU use: 100% is one processor, busy all the time.");
  page.table(table_of(report));
  return page.text();
}

}  // namespace passerelle::report
