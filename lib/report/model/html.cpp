#include <spdlog/fmt/fmt.h>

#include "html_page.h"
#include "passerelle/report/model_report.h"
#include "passerelle/report/words.h"
#include "trace_facts.h"

namespace passerelle::report {
namespace {

HtmlCell number(uint64_t value) { return {value == 0 ? "" : thousands(value), std::to_string(value)}; }

HtmlTable ports_table(const ModelReport& report) {
  HtmlTable table{"ports", "", {{"way"}, {"name", HtmlColumn::code}, {"dtype"}, {"shape", HtmlColumn::keep}}, {}};
  const auto add = [&](const char* direction, const ModelPort& port) {
    table.rows.push_back(
        {{direction, port.name, std::string(graph::name(port.tensor.type)), shape_text(port.tensor.shape)}});
  };
  for (const ModelPort& port : report.inputs) add("input", port);
  for (const ModelPort& port : report.outputs) add("output", port);
  return table;
}

HtmlTable parameters_table(const ModelReport& report) {
  HtmlTable table{"parameters", "", {{"parameter", HtmlColumn::code}, {"type", HtmlColumn::code}}, {}};
  for (const ModelParameter& parameter : report.parameters) table.rows.push_back({{parameter.name, parameter.type}});
  return table;
}

HtmlTable counts_table(const ModelReport& report) {
  HtmlTable table{"counts",
                  "",
                  {{"operator", HtmlColumn::name},
                   {"count", HtmlColumn::number},
                   {"multiply-adds", HtmlColumn::number},
                   {"share", HtmlColumn::number}},
                  {}};
  for (const OperatorCount& row : report.counts) {
    const double share = report.multiply_adds == 0 ? 0
                                                   : 100.0 * static_cast<double>(row.multiply_adds) /
                                                         static_cast<double>(report.multiply_adds);
    table.rows.push_back(
        {{row.name,
          number(row.count),
          number(row.multiply_adds),
          {row.multiply_adds == 0 ? "" : fmt::format("{:.1f}%", share), fmt::format("{:.6f}", share)}}});
  }
  return table;
}

HtmlTable operators_table(const ModelReport& report) {
  HtmlTable table{"all-operators",
                  "",
                  {{"#", HtmlColumn::number},
                   {"operator", HtmlColumn::name},
                   {"output", HtmlColumn::keep},
                   {"multiply-adds", HtmlColumn::number},
                   {"module", HtmlColumn::code},
                   {"line", HtmlColumn::name}},
                  {}};
  for (size_t i = 0; i < report.operators.size(); ++i) {
    const ModelOperator& each = report.operators[i];
    table.rows.push_back(
        {{std::to_string(i), each.name, each.outputs.empty() ? "" : shape_text(each.outputs[0].tensor.shape),
          number(each.multiply_adds), each.origin.module_path, line_cell(each.origin)}});
  }
  return table;
}

HtmlTable constants_table(const ModelReport& report) {
  HtmlTable table{
      "all-constants",
      "",
      {{"bytes", HtmlColumn::number}, {"dtype"}, {"shape", HtmlColumn::keep}, {"read by", HtmlColumn::code}},
      {}};
  for (const ModelConstant& constant : report.constants)
    table.rows.push_back({{number(constant.bytes), std::string(graph::name(constant.tensor.type)),
                           shape_text(constant.tensor.shape), constant.reader}});
  return table;
}

}  // namespace

std::string model_html(const ModelReport& report) {
  HtmlPage page("inspect", report.file);
  const std::string name = report.file.substr(report.file.find_last_of('/') + 1);
  if (!report.traced) {
    page.verdict(Tone::plain, name + ": a TorchScript model",
                 "Its operators and shapes show with an --input for each parameter.");
    page.section("parameters", "What forward takes");
    page.table(parameters_table(report));
    return page.text();
  }
  page.verdict(report.findings.empty() ? Tone::plain : Tone::fair,
               name + ": " + count(report.operators.size(), "operator") + " that depend on the input",
               "All else is computed once, at conversion.");
  page.facts({{"Operators", thousands(report.operators.size()), thousands(report.counts.size()) + " kinds"},
              {"Multiply-adds", thousands(report.multiply_adds), ""},
              {"Constants", bytes(report.constant_bytes), count(report.constants.size(), "tensor")}});
  page.section("io", "Inputs and outputs");
  page.table(ports_table(report));
  page.section("kinds", "Operators by kind");
  page.table(counts_table(report));
  page.section("graph", "The graph");
  page.picture(report.picture);
  page.section("operators", "All operators");
  page.table(operators_table(report));
  page.section("constants", "Constants by size");
  page.table(constants_table(report));
  return page.text();
}

}  // namespace passerelle::report
