#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "html_page.h"
#include "passerelle/report/bench_report.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {
namespace {

std::string label(const BenchRow& row) {
  return row.engine + (row.threads > 0 ? ", " + count(static_cast<uint64_t>(row.threads), "thread") : "");
}

HtmlTable table_of(const BenchReport& report) {
  HtmlTable table;
  table.id = "timings";
  table.columns = {{"engine", HtmlColumn::keep},       {"threads", HtmlColumn::number},
                   {"median", HtmlColumn::number},     {"middle half", HtmlColumn::number},
                   {"fastest", HtmlColumn::number},    {"slowest", HtmlColumn::number},
                   {"normalised", HtmlColumn::number}, {"CPU use", HtmlColumn::number}};
  const auto time = [](double seconds) { return HtmlCell(duration(seconds), fmt::format("{:.9f}", seconds)); };
  for (const BenchRow& row : report.rows)
    table.rows.push_back(
        {{row.engine,
          {threads_text(row), std::to_string(row.threads)},
          time(row.timing.median()),
          {middle_half(row), fmt::format("{:.9f}", row.timing.quantile(0.25))},
          time(row.timing.lowest()),
          time(row.timing.highest()),
          fmt::format("{:.3f}", report.normalised(row)),
          {fmt::format("{:.0f}%", 100 * row.timing.cpu_use()), fmt::format("{:.3f}", row.timing.cpu_use())}}});
  return table;
}

/// A bar is the median, the line on it reaches over the middle half of the runs.
std::string bars_of(const BenchReport& report) {
  double longest = 1e-9;
  for (const BenchRow& row : report.rows) longest = std::max({longest, row.timing.median(), row.timing.quantile(0.75)});
  const auto share = [&](double seconds) { return 100 * seconds / longest; };
  std::string html = "<div class=\"bars\">\n";
  for (const BenchRow& row : report.rows) {
    const double low = share(row.timing.quantile(0.25)), high = share(row.timing.quantile(0.75));
    html += fmt::format(
        "<div class=\"row{}\"><span class=\"label\">{}</span><span class=\"value\">{}</span>"
        "<span class=\"track\" aria-hidden=\"true\"><i class=\"bar\" style=\"width: {:.2f}%\"></i>"
        "<i class=\"spread\" style=\"left: {:.2f}%; width: {:.2f}%\"></i></span></div>\n",
        row.threads > 0 ? " other" : "", escaped(label(row)), escaped(duration(row.timing.median())),
        share(row.timing.median()), low, high - low);
  }
  return html + "</div>\n";
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
  page.raw(bars_of(report));
  page.section("table", "Numbers",
               "Normalised: the first row is 1. CPU use: 100% is one processor, busy all the time.");
  page.table(table_of(report));
  return page.text();
}

}  // namespace passerelle::report
