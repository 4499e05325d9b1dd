#include <algorithm>

#include "facts.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

constexpr size_t most_shown = 10;  // rows of what --full has more of

std::string level_name(nnapi::FeatureLevel level) {
  return level == 0 ? "never" : std::string(nnapi::feature_level_name(level));
}

std::string from(const graph::Origin& origin) {
  return origin.op.empty() ? "" : origin.op + " in " + short_place_text(origin);
}

std::string ports_table(const FileReport& report) {
  Table table({{""}, {"name"}, {"dtype"}, {"shape"}, {"app's layout"}, {"NNAPI's"}, {"NNAPI's type"}});
  auto add = [&](const char* direction, const FilePort& port) {
    table.add({direction, port.name, blob::name(port.dtype), graph::to_string(port.shape),
               layout_text(port, port.caller_layout), layout_text(port, port.nnapi_layout),
               std::string(nnapi::name(report.operands[port.operand].type))});
  };
  for (const FilePort& port : report.inputs) add("input", port);
  for (const FilePort& port : report.outputs) add("output", port);
  return table.text();
}

std::string counts_table(const FileReport& report) {
  Table table({{"operation"}, {"count", Column::right}, {"multiply-adds", Column::right}, {"needs"}});
  for (const OperationCount& row : report.counts)
    table.add({row.name, std::to_string(row.count), row.multiply_adds == 0 ? "" : thousands(row.multiply_adds),
               level_name(row.level)});
  return table.text();
}

/// Equal constants are stored once and shown as often as they are operands.
std::string constants_table(const FileReport& report, size_t most) {
  const std::vector<uint32_t> constants = report.constants_by_size();
  Table table({{"constant", Column::right}, {"bytes", Column::right}, {"type"}, {"shape"}, {"where"}});
  for (size_t i = 0; i < std::min(most, constants.size()); ++i) {
    const FileOperand& operand = report.operands[constants[i]];
    table.add({std::to_string(constants[i]), thousands(operand.bytes), std::string(nnapi::name(operand.type)),
               graph::to_string(operand.shape),
               operand.storage == blob::Storage::window
                   ? "window " + std::to_string(operand.window) + " at " + thousands(operand.offset)
                   : "in the head"});
  }
  std::string result = table.empty() ? "no constants\n" : table.text();
  if (constants.size() > most) result += "and " + count(constants.size() - most, "smaller one") + "\n";
  return result;
}

std::string needs_text(const FileReport& report) {
  const std::vector<uint32_t> needs = report.level_needs();
  if (needs.empty()) return {};
  Table table({{"", Column::right}, {"operation"}, {"why", Column::left, true}, {"from", Column::left, true}});
  for (size_t i = 0; i < std::min(most_shown, needs.size()); ++i) {
    const FileOperation& operation = report.operations[needs[i]];
    table.add({std::to_string(needs[i]), operation.name,
               operation.level_reason.empty() ? "came with " + level_name(operation.level) : operation.level_reason,
               from(operation.origin)});
  }
  std::string result = "What needs " + level_name(report.level) + ":\n\n" + table.text(2);
  if (needs.size() > most_shown) result += "  and " + thousands(needs.size() - most_shown) + " more\n";
  return result + "\n";
}

std::string overhead_text(const FileReport& report) {
  Table table({{"", Column::right}, {"operation"}, {"bytes", Column::right}, {"why it is there", Column::left, true}});
  for (uint32_t i = 0; i < report.operations.size(); ++i)
    if (const FileOperation& operation = report.operations[i]; !operation.overhead.empty())
      table.add({std::to_string(i), operation.name, thousands(operation.bytes_read + operation.bytes_written),
                 operation.overhead});
  return table.empty() ? std::string()
                       : "What moves or converts data, and computes nothing:\n\n" + table.text(2) + "\n";
}

std::string islands_text(const FileReport& report) {
  if (report.islands.empty()) return {};
  Table table({{"operations", Column::right}, {"first"}, {"last"}, {"from", Column::left, true}});
  for (const std::vector<uint32_t>& island : report.islands) {
    const auto named = [&](uint32_t i) { return report.operations[i].name + " (" + std::to_string(i) + ")"; };
    table.add({thousands(island.size()), named(island.front()), named(island.back()),
               from(report.operations[island.front()].origin)});
  }
  return "Islands of floats between quantized operations:\n\n" + table.text(2) + "\n";
}

std::string work_text(const FileReport& report) {
  std::string result = count(report.multiply_adds, "multiply-add") + ", " + bytes(report.bytes_moved) +
                       " read and written by operations";
  if (!report.operations.empty())
    result += ";\nactivations take " + bytes(report.peak_bytes) + " at their peak, in " +
              report.operations[report.peak_operation].name + " (" + std::to_string(report.peak_operation) + ")";
  return result + "\n\n";
}

/// "  then: CONV_2D"
std::string indented(const FileOperation& operation, uint32_t depth) {
  return std::string(2 * depth, ' ') + operation.part + (operation.part.empty() ? "" : ": ") + operation.name;
}

std::string operations_table(const FileReport& report) {
  Table table({{"", Column::right},
               {"operation"},
               {"output shape"},
               {"multiply-adds", Column::right},
               {"bytes", Column::right},
               {"from", Column::left, true}});
  for (const auto& [i, depth] : report.nested_order()) {
    const FileOperation& operation = report.operations[i];
    std::string shape = operation.outputs.empty() ? "" : graph::to_string(report.operands[operation.outputs[0]].shape);
    table.add({std::to_string(i), indented(operation, depth), shape,
               operation.multiply_adds == 0 ? "" : thousands(operation.multiply_adds),
               thousands(operation.bytes_read + operation.bytes_written), from(operation.origin)});
  }
  return table.text();
}

std::string wiring_table(const FileReport& report) {
  Table table({{"", Column::right}, {"operation"}, {"reads", Column::left, true}, {"makes"}});
  auto list = [](const std::vector<uint32_t>& operands) {
    std::string result;
    for (uint32_t operand : operands) result += (result.empty() ? "" : " ") + std::to_string(operand);
    return result;
  };
  for (uint32_t i = 0; i < report.operations.size(); ++i)
    table.add({std::to_string(i), report.operations[i].name, list(report.operations[i].inputs),
               list(report.operations[i].outputs)});
  return table.text();
}

std::string operands_table(const FileReport& report) {
  Table table({{"operand", Column::right},
               {"type"},
               {"shape"},
               {"storage"},
               {"bytes", Column::right},
               {"scale"},
               {"zero point", Column::right}});
  for (uint32_t i = 0; i < report.operands.size(); ++i) {
    const FileOperand& operand = report.operands[i];
    bool tensor = nnapi::is_tensor(operand.type) && operand.storage != blob::Storage::omitted;
    bool quantized = operand.scale != 0;
    table.add({std::to_string(i), std::string(nnapi::name(operand.type)), tensor ? graph::to_string(operand.shape) : "",
               name(operand.storage), thousands(operand.bytes),
               operand.channel_scales.empty() ? (quantized ? scientific(operand.scale) : "") : "per channel",
               quantized ? std::to_string(operand.zero_point) : ""});
  }
  return table.text();
}

}  // namespace

std::string file_summary(const FileReport& report) {
  std::string result = styled(report.file, Style::bold) + ": " + bytes(report.bytes) + ", of which " +
                       bytes(report.weight_bytes) + " of weights; runs from " +
                       std::string(nnapi::feature_level_name(report.level)) + " on" +
                       (report.relax_fp16 ? "; may be computed as float16" : "") + "\n\n";
  result += ports_table(report) + "\n" + counts_table(report) + "\n";
  const size_t left = report.count(nnapi::OperationType::TRANSPOSE);
  result += count(report.operations.size(), "operation") + ", " + (left == 0 ? "none" : thousands(left)) +
            " of them TRANSPOSE\n";
  return result;
}

std::string file_text(const FileReport& report, bool full) {
  std::string result = file_summary(report) + work_text(report);
  result += needs_text(report) + overhead_text(report) + islands_text(report);
  if (full) result += operations_table(report) + "\n" + wiring_table(report) + "\n" + operands_table(report) + "\n";
  result += constants_table(report, full ? report.operands.size() : most_shown);
  result += "\nformat " + std::to_string(report.version_major) + "." + std::to_string(report.version_minor) +
            ", written by " + report.producer + "; " + count(report.operands.size(), "operand") + ", " +
            count(report.windows.size(), "window") + " of weights" +
            (report.has_origins ? "\n" : ";\nwhere operations came from was left out\n");
  return result;
}

}  // namespace passerelle::report
