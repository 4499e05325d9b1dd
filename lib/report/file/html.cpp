#include <spdlog/fmt/fmt.h>

#include <functional>

#include "facts.h"
#include "html_page.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

std::string level_name(nnapi::FeatureLevel level) {
  return level == 0 ? "never" : std::string(nnapi::feature_level_name(level));
}

HtmlCell number(uint64_t value) { return {thousands(value), std::to_string(value)}; }
HtmlCell work(uint64_t value) { return value == 0 ? HtmlCell("", "0") : number(value); }

std::vector<Fact> facts_of(const FileReport& report) {
  const size_t transposes = report.count(nnapi::OperationType::TRANSPOSE);
  std::vector<Fact> facts = {
      {"File", bytes(report.bytes), bytes(report.weight_bytes) + " of it weights"},
      {"Operations", thousands(report.operations.size()),
       transposes == 0 ? "no TRANSPOSE" : thousands(transposes) + " TRANSPOSE"},
      {"Multiply-adds", thousands(report.multiply_adds), "in convolutions, products and recurrent networks"},
      {"Bytes moved", bytes(report.bytes_moved), "read and written by all operations"},
  };
  if (!report.operations.empty())
    facts.push_back({"Activations at their peak", bytes(report.peak_bytes),
                     "in " + report.operations[report.peak_operation].name + ", operation " +
                         std::to_string(report.peak_operation)});
  if (!report.islands.empty())
    facts.push_back({"Float islands", thousands(report.islands.size()), "between quantized operations"});
  return facts;
}

HtmlTable ports_table(const FileReport& report) {
  HtmlTable table{"ports",
                  "",
                  {{"way"},
                   {"name", HtmlColumn::code},
                   {"dtype", HtmlColumn::keep},
                   {"shape", HtmlColumn::keep},
                   {"app's layout"},
                   {"NNAPI's layout"},
                   {"NNAPI's type", HtmlColumn::code}},
                  {}};
  const auto add = [&](const char* direction, const FilePort& port) {
    table.rows.push_back({{direction, port.name, blob::name(port.dtype), graph::to_string(port.shape),
                           layout_text(port, port.caller_layout), layout_text(port, port.nnapi_layout),
                           std::string(nnapi::name(report.operands[port.operand].type))}});
  };
  for (const FilePort& port : report.inputs) add("input", port);
  for (const FilePort& port : report.outputs) add("output", port);
  return table;
}

HtmlTable counts_table(const FileReport& report) {
  HtmlTable table{"counts",
                  "",
                  {{"operation", HtmlColumn::name},
                   {"count", HtmlColumn::number},
                   {"multiply-adds", HtmlColumn::number},
                   {"share", HtmlColumn::number},
                   {"needs"}},
                  {}};
  for (const OperationCount& row : report.counts) {
    const double share = report.multiply_adds == 0 ? 0
                                                   : 100.0 * static_cast<double>(row.multiply_adds) /
                                                         static_cast<double>(report.multiply_adds);
    table.rows.push_back({{row.name,
                           number(row.count),
                           work(row.multiply_adds),
                           {row.multiply_adds == 0 ? "" : fmt::format("{:.1f}%", share), fmt::format("{:.6f}", share)},
                           {level_name(row.level), std::to_string(row.level)}}});
  }
  return table;
}

HtmlTable operations_table(const FileReport& report) {
  HtmlTable table{"all-operations",
                  "",
                  {{"#", HtmlColumn::number},
                   {"operation", HtmlColumn::name},
                   {"output", HtmlColumn::keep},
                   {"multiply-adds", HtmlColumn::number},
                   {"bytes", HtmlColumn::number},
                   {"needs", HtmlColumn::keep},
                   {"operator", HtmlColumn::name},
                   {"module", HtmlColumn::code},
                   {"line", HtmlColumn::name}},
                  {}};
  for (const auto& [i, depth] : report.nested_order()) {
    const FileOperation& operation = report.operations[i];
    std::string name = operation.part.empty() ? "" : operation.part + ": ";
    for (uint32_t level = 1; level < depth; ++level) name = "· " + name;
    table.rows.push_back(
        {{std::to_string(i),
          name + operation.name,
          operation.outputs.empty() ? "" : graph::to_string(report.operands[operation.outputs[0]].shape),
          work(operation.multiply_adds),
          number(operation.bytes_read + operation.bytes_written),
          {level_name(operation.level), std::to_string(operation.level)},
          operation.origin.op,
          operation.origin.module_path,
          line_cell(operation.origin)},
         operation.overhead.empty() ? Tone::plain : Tone::fair});
  }
  return table;
}

HtmlTable reasons_table(const FileReport& report, const std::string& id, const std::vector<uint32_t>& operations,
                        const std::function<std::string(const FileOperation&)>& why) {
  HtmlTable table{id,
                  "",
                  {{"#", HtmlColumn::number},
                   {"operation", HtmlColumn::name},
                   {"why"},
                   {"module", HtmlColumn::code},
                   {"line", HtmlColumn::name}},
                  {}};
  for (uint32_t i : operations) {
    const FileOperation& operation = report.operations[i];
    table.rows.push_back({{std::to_string(i), operation.name, why(operation), operation.origin.module_path,
                           line_cell(operation.origin)}});
  }
  return table;
}

HtmlTable constants_table(const FileReport& report) {
  HtmlTable table{"all-constants",
                  "",
                  {{"operand", HtmlColumn::number},
                   {"bytes", HtmlColumn::number},
                   {"type", HtmlColumn::code},
                   {"shape", HtmlColumn::keep}},
                  {}};
  for (uint32_t index : report.constants_by_size()) {
    const FileOperand& operand = report.operands[index];
    table.rows.push_back({{std::to_string(index), number(operand.bytes), std::string(nnapi::name(operand.type)),
                           graph::to_string(operand.shape)}});
  }
  return table;
}

}  // namespace

std::string file_html(const FileReport& report) {
  HtmlPage page("inspect", report.file);
  page.verdict(Tone::plain,
               report.file.substr(report.file.find_last_of('/') + 1) + " runs from " + level_name(report.level) + " on",
               count(report.operations.size(), "operation") + ", format " + std::to_string(report.version_major) + "." +
                   std::to_string(report.version_minor) + ", written by " + report.producer + "." +
                   (report.relax_fp16 ? " It may be computed as float16." : "") +
                   (report.has_origins ? "" : " Where operations came from was left out."));
  page.facts(facts_of(report));
  page.section("io", "Inputs and outputs");
  page.table(ports_table(report));
  page.section("kinds", "Operations by kind");
  page.table(counts_table(report));
  if (const std::vector<uint32_t> needs = report.level_needs(); !needs.empty()) {
    page.section("level", "What needs " + level_name(report.level),
                 "Without these the file would run on older devices.");
    page.table(reasons_table(report, "needs", needs, [](const FileOperation& operation) {
      return operation.level_reason.empty() ? "came with " + level_name(operation.level) : operation.level_reason;
    }));
  }
  std::vector<uint32_t> overhead;
  for (uint32_t i = 0; i < report.operations.size(); ++i)
    if (!report.operations[i].overhead.empty()) overhead.push_back(i);
  if (!overhead.empty()) {
    page.section("overhead", "What moves data and computes nothing",
                 "Transposes and conversions of types, and why they are left.");
    page.table(
        reasons_table(report, "movers", overhead, [](const FileOperation& operation) { return operation.overhead; }));
  }
  page.section("graph", "The graph");
  page.picture(report.picture);
  page.section("operations", "All operations");
  page.table(operations_table(report));
  page.section("constants", "Constants by size");
  page.table(constants_table(report));
  return page.text();
}

}  // namespace passerelle::report
