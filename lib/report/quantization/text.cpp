#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "passerelle/report/findings.h"
#include "passerelle/report/quantization_report.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

using calibration::OperationLoss;
using calibration::OutputLoss;

std::string decibels(double ratio) {
  if (std::isinf(ratio)) return ratio > 0 ? "equal" : "-";
  return fmt::format("{:.1f} dB", ratio);
}

std::string agreement(const OutputLoss& output) {
  if (output.positions == 0) return "";
  if (!output.is_mask) return std::to_string(output.agreeing) + " of " + std::to_string(output.positions);
  constexpr double percent = 100;
  return fmt::format("{:.2f} % of pixels",
                     percent * static_cast<double>(output.agreeing) / static_cast<double>(output.positions));
}

std::string outputs_table(const calibration::Report& report) {
  Table table({{"output"}, {"SNR", Column::right}, {"same class", Column::right}});
  for (const OutputLoss& output : report.outputs)
    table.add({output.name, decibels(output.signal_to_noise), agreement(output)});
  return table.text(2);
}

/// "ranges 17.5 dB, equalisation 20.1 dB, bias correction 20.0 dB (left out)"
std::string gains_text(const calibration::Report& report) {
  std::string result;
  for (const calibration::Gain& gain : report.gains)
    result += (result.empty() ? "" : ", ") + gain.step + " " + decibels(gain.signal_to_noise) +
              (gain.is_kept ? "" : " (left out)");
  return result;
}

/// Those that lose most themselves, with their place: where a loss is to be made good.
std::string worst_operations(const calibration::Report& report) {
  std::vector<const OperationLoss*> worst;
  for (const OperationLoss& operation : report.operations)
    if (operation.alone && std::isfinite(*operation.alone)) worst.push_back(&operation);
  std::stable_sort(worst.begin(), worst.end(),
                   [](const OperationLoss* a, const OperationLoss* b) { return *a->alone < *b->alone; });
  constexpr size_t most = 5;
  worst.resize(std::min(most, worst.size()));
  Table table({{"operation"}, {"alone", Column::right}, {"so far", Column::right}, {"where", Column::left, true}});
  for (const OperationLoss* each : worst)
    table.add({each->name, decibels(*each->alone), each->accumulated ? decibels(*each->accumulated) : "-",
               short_place_text(each->origin)});
  return table.empty() ? "" : "The noisiest operations, by themselves and with all before them:\n" + table.text(2);
}

/// "3 DIV, 2 SQRT"
std::string floats_by_name(const calibration::Report& report, bool for_ratio) {
  std::map<std::string, size_t> counts;
  for (const OperationLoss& operation : report.operations)
    if (!operation.in_integers && operation.kept_for_ratio == for_ratio) ++counts[operation.name];
  std::string result;
  for (const auto& [name, count] : counts) result += (result.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  return result;
}

}  // namespace

std::string quantization_text(const calibration::Report& report) {
  size_t in_integers = 0;
  for (const OperationLoss& operation : report.operations) in_integers += operation.in_integers ? 1 : 0;
  std::string result = "Quantized: " + std::to_string(in_integers) + " of " +
                       count(report.operations.size(), "operation") + " in integers, with ranges of " +
                       count(report.samples, "sample") + ". Against the float model, on " +
                       count(report.measured, "sample") + ":\n" + outputs_table(report);
  if (report.gains.size() > 1)
    for (const std::string& line : wrapped("Step by step, on a few samples: " + gains_text(report), text_width))
      result += line + "\n";
  result += worst_operations(report);
  for (const bool for_ratio : {true, false}) {
    const std::string floats = floats_by_name(report, for_ratio);
    if (floats.empty()) continue;
    const std::string why = for_ratio ? "In floats, to keep what was asked for: " : "In floats: ";
    for (const std::string& line : wrapped(why + floats, text_width)) result += line + "\n";
  }
  return result;
}

}  // namespace passerelle::report
