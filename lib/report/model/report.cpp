#include "passerelle/report/model_report.h"

#include <algorithm>
#include <map>

#include "passerelle/trace/multiply_adds.h"
#include "trace_facts.h"

namespace passerelle::report {
namespace {

using trace::Node;
using trace::TensorId;
using trace::Trace;

ModelPort port_of(const Trace& trace, const std::string& name, TensorId id) {
  return {name, {trace[id].type, trace[id].shape}, trace[id].quantization};
}

graph::Origin origin_of(const Trace& trace, const Node& node) {
  return node.origin < trace.origins.size() ? trace.origins[node.origin] : graph::Origin{};
}

std::vector<OperatorCount> counts_of(const std::vector<ModelOperator>& operators) {
  std::map<std::string, OperatorCount> by_name;
  for (const ModelOperator& each : operators) {
    OperatorCount& row = by_name[each.name];
    row.name = each.name;
    ++row.count;
    row.multiply_adds += each.multiply_adds;
  }
  std::vector<OperatorCount> rows;
  for (auto& [name, row] : by_name) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return rows;
}

void add_constants(ModelReport& report, const Trace& trace) {
  std::vector<bool> seen(trace.tensors.size());
  for (const Node& node : trace.nodes)
    for (TensorId id : argument_tensors(node)) {
      const auto number = static_cast<uint32_t>(id);
      if (!trace[id].constant || seen[number]) continue;
      seen[number] = true;
      const uint64_t bytes = trace[id].constant->byte_size();
      report.constants.push_back(
          {{trace[id].type, trace[id].shape}, bytes, node.op + " in " + short_place_text(origin_of(trace, node))});
      report.constant_bytes += bytes;
    }
  std::stable_sort(report.constants.begin(), report.constants.end(),
                   [](const ModelConstant& a, const ModelConstant& b) { return a.bytes > b.bytes; });
}

}  // namespace

ModelReport model_report(const std::string& file, std::vector<ModelParameter> parameters) {
  ModelReport report;
  report.file = file;
  report.parameters = std::move(parameters);
  return report;
}

void add_trace(ModelReport& report, const Trace& trace) {
  report.traced = true;
  for (const trace::Port& port : trace.inputs) report.inputs.push_back(port_of(trace, port.name, port.tensor));
  for (const trace::Port& port : trace.outputs) report.outputs.push_back(port_of(trace, port.name, port.tensor));
  for (const Node& node : trace.nodes) {
    ModelOperator added{node.op, node.overload, {}, origin_of(trace, node), multiply_adds(trace, node)};
    for (TensorId id : result_tensors(node)) added.outputs.push_back(port_of(trace, "", id));
    report.multiply_adds += added.multiply_adds;
    report.operators.push_back(std::move(added));
  }
  report.counts = counts_of(report.operators);
  add_constants(report, trace);
  report.findings = findings_of(trace, trace.diagnostics);
  report.picture = picture_of(trace);
}

}  // namespace passerelle::report
