#include <algorithm>

#include "file_facts.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

constexpr size_t largest_shown = 10;

std::string level_name(nnapi::FeatureLevel level) {
  return level == 0 ? "never" : std::string(nnapi::feature_level_name(level));
}

std::string ports_table(const blob::View& view) {
  Table table({{""}, {"name"}, {"dtype"}, {"shape"}, {"app's layout"}, {"NNAPI's"}, {"NNAPI's type"}});
  auto add = [&](const char* direction, const blob::Port& port) {
    table.add({direction, port.name, blob::name(port.dtype), shape_text(port.shape),
               layout_text(port, port.caller_layout), layout_text(port, port.nnapi_layout),
               std::string(nnapi::name(view.operand(port.operand).type))});
  };
  for (uint32_t i = 0; i < view.input_count(); ++i) add("input", view.input(i));
  for (uint32_t i = 0; i < view.output_count(); ++i) add("output", view.output(i));
  return table.text();
}

std::string counts_table(const blob::View& view) {
  Table table({{"operation"}, {"count", Column::right}, {"needs"}});
  for (const OperationCount& row : operation_counts(view))
    table.add({row.name, std::to_string(row.count), level_name(row.level)});
  return table.text();
}

/// Constants from the largest on; equal ones are stored once and shown once.
std::string constants_table(const blob::View& view, size_t most) {
  std::vector<std::pair<uint32_t, blob::Operand>> constants;
  for (uint32_t i = 0; i < view.operand_count(); ++i)
    if (blob::Operand operand = view.operand(i); is_constant(operand)) constants.emplace_back(i, operand);
  std::stable_sort(constants.begin(), constants.end(),
                   [](const auto& a, const auto& b) { return a.second.byte_size > b.second.byte_size; });
  Table table({{"constant", Column::right}, {"bytes", Column::right}, {"type"}, {"shape"}, {"where"}});
  for (size_t i = 0; i < std::min(most, constants.size()); ++i) {
    const auto& [index, operand] = constants[i];
    table.add({std::to_string(index), thousands(operand.byte_size), std::string(nnapi::name(operand.type)),
               shape_text(operand.dimensions),
               operand.storage == blob::Storage::window
                   ? "window " + std::to_string(operand.window) + " at " + thousands(operand.offset)
                   : "in the head"});
  }
  std::string result = table.empty() ? "no constants\n" : table.text();
  if (constants.size() > most) result += "and " + count(constants.size() - most, "smaller one") + "\n";
  return result;
}

std::string operations_table(const blob::View& view) {
  Table table(
      {{"", Column::right}, {"operation"}, {"inputs"}, {"outputs"}, {"output shape"}, {"from", Column::left, true}});
  auto list = [](const blob::Indexes& indexes) {
    std::string result;
    for (uint32_t i = 0; i < std::min(indexes.size(), 3u); ++i)
      result += (i == 0 ? "" : " ") + std::to_string(indexes[i]);
    return indexes.size() > 3 ? result + " +" + std::to_string(indexes.size() - 3) : result;
  };
  for (uint32_t i = 0; i < view.operation_count(); ++i) {
    blob::Operation operation = view.operation(i);
    graph::Origin origin = origin_of(view, i);
    std::string shape = operation.outputs.size() == 0 ? "" : shape_text(view.operand(operation.outputs[0]).dimensions);
    table.add({std::to_string(i), operation.name, list(operation.inputs), list(operation.outputs), shape,
               origin.op.empty() ? "" : origin.op + " in " + place_text(origin)});
  }
  return table.text();
}

std::string operands_table(const blob::View& view) {
  Table table({{"operand", Column::right},
               {"type"},
               {"shape"},
               {"storage"},
               {"bytes", Column::right},
               {"scale"},
               {"zero point", Column::right}});
  for (uint32_t i = 0; i < view.operand_count(); ++i) {
    blob::Operand operand = view.operand(i);
    bool tensor = nnapi::is_tensor(operand.type) && operand.storage != blob::Storage::omitted;
    bool quantized = operand.scale != 0;
    table.add({std::to_string(i), std::string(nnapi::name(operand.type)), tensor ? shape_text(operand.dimensions) : "",
               name(operand.storage), thousands(operand.byte_size),
               operand.channel_scales.empty() ? (quantized ? scientific(operand.scale) : "") : "per channel",
               quantized ? std::to_string(operand.zero_point) : ""});
  }
  return table.text();
}

}  // namespace

std::string file_summary(const std::string& name, const blob::View& view) {
  std::string result = name + ": " + bytes(view.file_size()) + ", of which " + bytes(constant_bytes(view)) +
                       " of weights; runs from " + std::string(nnapi::feature_level_name(view.feature_level())) +
                       " on" + (view.relax_fp16() ? "; may be computed as float16" : "") + "\n\n";
  result += ports_table(view) + "\n" + counts_table(view) + "\n";
  size_t left = transposes(view);
  result += count(view.operation_count(), "operation") + ", " + (left == 0 ? "none" : thousands(left)) +
            " of them TRANSPOSE\n";
  return result;
}

std::string file_text(const std::string& name, const blob::View& view, bool full) {
  std::string result = file_summary(name, view) + "\n";
  result += "format " + std::to_string(view.version_major()) + "." + std::to_string(view.version_minor()) +
            ", written by " + view.producer() + "; " + count(view.operand_count(), "operand") + ", " +
            count(view.window_count(), "window") + " of weights" +
            (view.has_origins() ? "\n\n" : ";\nwhere operations came from was left out\n\n");
  if (!full) return result + constants_table(view, largest_shown);
  result += operations_table(view) + "\n" + operands_table(view) + "\n";
  return result + constants_table(view, view.operand_count());
}

}  // namespace passerelle::report
