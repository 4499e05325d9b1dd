#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "html_page.h"
#include "passerelle/report/verify_report.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {
namespace {

HtmlCell number(double value) {
  return {std::isfinite(value) ? scientific(value) : "∞",
          std::isfinite(value) ? fmt::format("{:.9g}", value) : "1e999"};
}

/// Sorted by the number that the difference stands for.
HtmlCell difference(const verify::Comparison& comparison, float step) {
  if (step == 0) return number(comparison.max_difference);
  return {difference_text(comparison, step), number(comparison.max_difference * static_cast<double>(step)).key};
}

HtmlCell decibels(const verify::Comparison& comparison) {
  return {decibels_text(comparison), number(comparison.signal_to_noise).key};
}

HtmlTable outputs_table(const VerifyReport& report) {
  HtmlTable table;
  table.id = "outputs-table";
  table.columns = {{"output", HtmlColumn::name},       {"shape", HtmlColumn::keep},   {"dtype", HtmlColumn::keep},
                   {"difference", HtmlColumn::number}, {"limit", HtmlColumn::number}, {"range", HtmlColumn::keep},
                   {"of range", HtmlColumn::number},   {"SNR", HtmlColumn::number},   {"arg-max", HtmlColumn::keep},
                   {"result", HtmlColumn::keep}};
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    const verify::Comparison& comparison = report.comparisons[i];
    table.rows.push_back({{report.outputs[i].name, graph::to_string(report.outputs[i].shape),
                           std::string(graph::name(report.outputs[i].type)),
                           difference(comparison, report.outputs[i].quantization.scale), number(comparison.limit),
                           range_text(comparison), number(comparison.relative_difference()), decibels(comparison),
                           arg_max_text(comparison), verdict_text(comparison)},
                          comparison.passed ? Tone::good : Tone::bad});
  }
  return table;
}

HtmlTable layers_table(const verify::Layers& layers) {
  HtmlTable table;
  table.id = "layers-table";
  table.columns = {{"#", HtmlColumn::number},        {"operation", HtmlColumn::name},
                   {"shape", HtmlColumn::keep},      {"difference", HtmlColumn::number},
                   {"of range", HtmlColumn::number}, {"SNR", HtmlColumn::number},
                   {"result", HtmlColumn::keep},     {"compared with"},
                   {"where", HtmlColumn::place}};
  for (const verify::Layer& layer : layers.layers) {
    HtmlRow row;
    const std::string index = std::to_string(layer.operation);
    if (layer.comparison) {
      row.cells = {index,
                   layer.name,
                   graph::to_string(layer.shape),
                   difference(*layer.comparison, layer.step),
                   number(layer.comparison->relative_difference()),
                   decibels(*layer.comparison),
                   verdict_text(*layer.comparison),
                   layer.op,
                   place_cell(layer.op_origin)};
      row.tone = layer.comparison->passed ? Tone::plain : Tone::bad;
    } else {
      row.cells = {index,          layer.name,    graph::to_string(layer.shape), {"", "-1"}, {"", "-1"}, {"", "-1"},
                   "not compared", layer.why_not, place_cell(layer.origin)};
    }
    row.marked = layers.first_bad && *layers.first_bad == layer.operation;
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// In the units of its text: a phone's is drawn with as large letters as a desktop's.
struct PlotSize {
  const char* name;
  double width, height, left;
};
constexpr PlotSize wide{"wide", 1080, 300, 70}, narrow{"narrow", 340, 260, 42};

/// Differences by the range, on a logarithmic scale, along the network.
std::string error_plot(const verify::Layers& layers, double limit, const PlotSize& size) {
  constexpr double right = 16, top = 16, bottom = 40;
  const double width = size.width, height = size.height, left = size.left;
  constexpr double lowest = 1e-9;  // and below
  double highest = std::max(limit, 1e-6);
  for (const verify::Layer& layer : layers.layers)
    if (layer.comparison && std::isfinite(layer.comparison->relative_difference()))
      highest = std::max(highest, layer.comparison->relative_difference());
  const double decades_low = std::log10(lowest), decades_high = std::ceil(std::log10(highest * 1.5));
  const auto y = [&](double value) {
    const double at = std::isfinite(value) ? std::log10(std::max(value, lowest)) : decades_high;
    return top + (height - top - bottom) * (decades_high - at) / (decades_high - decades_low);
  };
  const double step = (width - left - right) / static_cast<double>(std::max<size_t>(layers.layers.size(), 1));
  const auto x = [&](const verify::Layer& layer) { return left + step * (layer.operation + 0.5); };

  std::string svg = fmt::format(
      "<svg class=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"The largest difference of each operation, as "
      "a part of its "
      "range, along the network; the table below has the numbers\">",
      size.name, width, height);
  for (int decade = static_cast<int>(decades_low); decade <= static_cast<int>(decades_high); ++decade) {
    const double at = y(std::pow(10, decade));
    svg += fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", left, width - right,
                       at, at);
    if ((decade - static_cast<int>(decades_low)) % 2 == 0)
      svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">1e{}</text>", left - 8, at + 4, decade);
  }
  if (limit > 0)
    svg += fmt::format(
        "<line class=\"limit\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">limit</text>",
        left, width - right, y(limit), y(limit), width - right, y(limit) - 5);
  std::string line, points;
  for (const verify::Layer& layer : layers.layers) {
    if (!layer.comparison) continue;
    const double value = layer.comparison->relative_difference();
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", x(layer), y(value));
    points +=
        fmt::format("<circle class=\"point{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{} {}: {}</title></circle>",
                    layer.comparison->passed ? "" : " bad", x(layer), y(value), layer.comparison->passed ? 3 : 5,
                    layer.operation, escaped(layer.name), scientific(value));
  }
  svg += "<path class=\"trace\" d=\"" + line + "\"/>" + points;
  svg += fmt::format(
      "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">operations, from the input to the output</text></svg>",
      (left + width) / 2, height - 10);
  return svg;
}

std::string passed_text(const VerifyReport& report) {
  std::string text;
  for (const std::string& remark : remarks(report)) text += (text.empty() ? "" : " ") + remark;
  return text.empty() ? "No output is off by more than its limit." : text;
}

/// What decides, by the kind of the outputs.
std::vector<Fact> limit_facts(const VerifyReport& report) {
  std::vector<Fact> facts;
  const auto has = [&](bool quantized) {
    return std::any_of(report.outputs.begin(), report.outputs.end(), [&](const verify::Port& port) {
      return quantized ? graph::is_quantized(port.type) : graph::is_floating_point(port.type);
    });
  };
  if (has(false)) facts.push_back({"Limit", scientific(report.limits.relative), "of the range, for floating point"});
  if (has(true)) facts.push_back({"Limit", count(static_cast<size_t>(report.limits.steps), "step"), "for integers"});
  if (report.limits.signal_to_noise)
    facts.push_back({"Or", fmt::format("{:.4g} dB", *report.limits.signal_to_noise), "signal-to-noise ratio or more"});
  return facts;
}

}  // namespace

std::string verify_html(const VerifyReport& report) {
  HtmlPage page("verify", report.file);
  const std::string name = report.file.substr(report.file.find_last_of('/') + 1);
  const bool layer_off = report.layers && report.layers->first_bad;
  page.verdict(!report.passed() ? Tone::bad
               : layer_off      ? Tone::fair
                                : Tone::good,
               name + (report.passed() ? " agrees with " : " differs from ") +
                   report.model.substr(report.model.find_last_of('/') + 1),
               report.layers     ? layers_verdict(*report.layers)
               : report.passed() ? passed_text(report)
                                 : "Off by more than the limit: " + report.failed_outputs() + ".");
  double worst = 0;
  for (const verify::Comparison& comparison : report.comparisons)
    worst = std::max(worst, comparison.relative_difference());
  std::vector<Fact> facts = {{"Outputs", thousands(report.outputs.size()), ""},
                             {"Largest difference", number(worst).text, "as a part of its output's range"}};
  for (Fact& fact : limit_facts(report)) facts.push_back(std::move(fact));
  if (report.layers)
    facts.push_back({"Operations compared",
                     thousands(report.layers->compared()) + " of " + thousands(report.layers->layers.size()), ""});
  page.facts(facts);
  page.section("outputs", "Outputs");
  page.table(outputs_table(report));
  if (report.layers) {
    page.section(
        "plot", "The error along the network",
        "The largest difference of each operation's result from LibTorch's own value there, by that value's range.");
    // A line where the ratio decides would be crossed by what passes.
    const double limit = report.limits.signal_to_noise ? 0 : report.limits.relative;
    page.plot(error_plot(*report.layers, limit, wide) + error_plot(*report.layers, limit, narrow));
    page.section("layers", "Operation by operation");
    page.table(layers_table(*report.layers));
  }
  return page.text();
}

}  // namespace passerelle::report
