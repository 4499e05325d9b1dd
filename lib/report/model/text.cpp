#include "passerelle/report/model_report.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "trace_facts.h"

namespace passerelle::report {
namespace {

constexpr size_t most_shown = 10;

std::string parameters_table(const ModelReport& report) {
  Table table({{"parameter"}, {"type", Column::left, true}});
  for (const ModelParameter& parameter : report.parameters) table.add({parameter.name, parameter.type});
  return table.text();
}

std::string ports_table(const ModelReport& report) {
  Table table({{""}, {"name"}, {"dtype"}, {"shape"}});
  const auto add = [&](const char* direction, const ModelPort& port) {
    table.add({direction, port.name, std::string(graph::name(port.tensor.type)), shape_text(port.tensor.shape)});
  };
  for (const ModelPort& port : report.inputs) add("input", port);
  for (const ModelPort& port : report.outputs) add("output", port);
  return table.text();
}

std::string counts_table(const ModelReport& report) {
  Table table({{"operator"}, {"count", Column::right}, {"multiply-adds", Column::right}});
  for (const OperatorCount& row : report.counts)
    table.add({row.name, thousands(row.count), row.multiply_adds == 0 ? "" : thousands(row.multiply_adds)});
  return table.text();
}

std::string constants_table(const ModelReport& report, size_t most) {
  if (report.constants.empty()) return {};
  Table table({{"bytes", Column::right}, {"dtype"}, {"shape"}, {"read by", Column::left, true}});
  for (size_t i = 0; i < std::min(most, report.constants.size()); ++i) {
    const ModelConstant& constant = report.constants[i];
    table.add({thousands(constant.bytes), std::string(graph::name(constant.tensor.type)),
               shape_text(constant.tensor.shape), constant.reader});
  }
  std::string result = "\n" + table.text();
  if (report.constants.size() > most) result += "and " + count(report.constants.size() - most, "smaller one") + "\n";
  return result;
}

std::string operators_table(const ModelReport& report) {
  Table table({{"", Column::right}, {"operator"}, {"output shape"}, {"where", Column::left, true}});
  for (size_t i = 0; i < report.operators.size(); ++i) {
    const ModelOperator& each = report.operators[i];
    table.add({std::to_string(i), each.name, each.outputs.empty() ? "" : shape_text(each.outputs[0].tensor.shape),
               short_place_text(each.origin)});
  }
  return table.text();
}

}  // namespace

std::string model_text(const ModelReport& report, bool full) {
  std::string result = styled(report.file, Style::bold) + ": a TorchScript model, saved by " + report.written_by +
                       " and read by LibTorch " + report.libtorch + "\n\n" + parameters_table(report) + "\n";
  if (!report.traced) return result + "Its operators and shapes show with an --input for each parameter.\n";
  result += ports_table(report) + "\n" + counts_table(report) + "\n";
  result += count(report.operators.size(), "operator") + " that depend" + (report.operators.size() == 1 ? "s" : "") +
            " on the input's data, with " + count(report.multiply_adds, "multiply-add") + ";\n" +
            count(report.constants.size(), "constant") + " of " + bytes(report.constant_bytes) +
            " that they read: all else is computed at conversion\n";
  result += constants_table(report, full ? report.constants.size() : most_shown);
  if (full) result += "\n" + operators_table(report);
  if (!report.findings.empty()) result += "\nWhat can't be traced:\n\n" + findings_text(report.findings);
  return result;
}

}  // namespace passerelle::report
