#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "passerelle/report/findings.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/verify_report.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {
namespace {

std::string verdict_cell(const verify::Comparison& comparison) {
  return comparison.passed ? verdict_text(comparison) : styled("DIFFERS", Style::red);
}

std::string outputs_table(const VerifyReport& report) {
  Table table({{"output"},
               {"shape"},
               {"dtype"},
               {"difference", Column::right},
               {"limit", Column::right},
               {"range"},
               {"of range", Column::right},
               {"SNR", Column::right},
               {"arg-max"},
               {""}});
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    const verify::Comparison& comparison = report.comparisons[i];
    table.add({report.outputs[i].name, graph::to_string(report.outputs[i].shape),
               std::string(graph::name(report.outputs[i].type)),
               difference_text(comparison, report.outputs[i].quantization.scale), scientific(comparison.limit),
               range_text(comparison), scientific(comparison.relative_difference()), decibels_text(comparison),
               arg_max_text(comparison), verdict_cell(comparison)});
  }
  return table.text();
}

std::string layers_text(const verify::Layers& layers) {
  Table table({{"", Column::right},
               {"operation"},
               {"shape"},
               {"difference", Column::right},
               {"of range", Column::right},
               {"SNR", Column::right},
               {""},
               {"compared with", Column::left, true}});
  for (const verify::Layer& layer : layers.layers) {
    const auto& comparison = layer.comparison;
    table.add({std::to_string(layer.operation), layer.name, graph::to_string(layer.shape),
               comparison ? difference_text(*comparison, layer.step) : "-",
               comparison ? scientific(comparison->relative_difference()) : "-",
               comparison ? decibels_text(*comparison) : "-", comparison ? verdict_cell(*comparison) : "",
               comparison ? layer.op + " in " + short_place_text(layer.op_origin) : layer.why_not});
  }
  std::string result = "\n" + table.text() + "\n";
  for (const std::string& line : wrapped(layers_verdict(layers), text_width)) result += line + "\n";
  return result;
}

}  // namespace

std::string verify_text(const VerifyReport& report) {
  std::string result = outputs_table(report);
  if (report.layers) result += layers_text(*report.layers);
  for (const std::string& remark : remarks(report)) {
    result += "\n";
    for (const std::string& line : wrapped(remark, text_width)) result += line + "\n";
  }
  if (report.passed()) result += "\n" + report.file + " agrees with " + report.model + "\n";
  return result;
}

}  // namespace passerelle::report
