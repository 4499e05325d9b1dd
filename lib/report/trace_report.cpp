#include "passerelle/report/trace_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "passerelle/report/findings.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "trace_facts.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;
using torchscript::Node;
using torchscript::Tensor;
using torchscript::TensorId;
using torchscript::Trace;

std::vector<std::pair<std::string, size_t>> operator_counts(const Trace& trace) {
  std::map<std::string, size_t> counts;
  for (const Node& node : trace.nodes) ++counts[node.op];
  std::vector<std::pair<std::string, size_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return rows;
}

Json tensor_json(const Tensor& tensor) {
  Json result = {{"shape", tensor.shape}, {"dtype", graph::name(tensor.type)}};
  if (graph::is_quantized(tensor.type) && tensor.quantization.channel_scales.empty()) {
    result["scale"] = tensor.quantization.scale;
    result["zero_point"] = tensor.quantization.zero_point;
  }
  return result;
}

Json ports_json(const Trace& trace, const std::vector<torchscript::Port>& ports) {
  Json result = Json::array();
  for (const torchscript::Port& port : ports) {
    Json row = {{"name", port.name}};
    row.update(tensor_json(trace[port.tensor]));
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace

std::string trace_text(const Trace& trace, bool full) {
  Table ports({{""}, {"name"}, {"dtype"}, {"shape"}});
  auto add = [&](const char* direction, const torchscript::Port& port) {
    const Tensor& tensor = trace[port.tensor];
    ports.add({direction, port.name, std::string(graph::name(tensor.type)), shape_text(tensor.shape)});
  };
  for (const torchscript::Port& port : trace.inputs) add("input", port);
  for (const torchscript::Port& port : trace.outputs) add("output", port);

  Table counts({{"operator"}, {"count", Column::right}});
  for (const auto& [op, times] : operator_counts(trace)) counts.add({op, std::to_string(times)});
  std::string result = ports.text() + "\n" + counts.text() + "\n" + count(trace.nodes.size(), "operator") + "\n";
  if (!full) return result;

  Table nodes({{"", Column::right}, {"operator"}, {"output shape"}, {"where", Column::left, true}});
  for (size_t i = 0; i < trace.nodes.size(); ++i) {
    const Node& node = trace.nodes[i];
    std::vector<TensorId> tensors = result_tensors(node);
    nodes.add({std::to_string(i), node.op, tensors.empty() ? "" : shape_text(trace[tensors.front()].shape),
               node.origin < trace.origins.size() ? place_text(trace.origins[node.origin]) : ""});
  }
  return result + "\n" + nodes.text();
}

Json trace_json(const Trace& trace) {
  Json counts = Json::object();
  for (const auto& [op, times] : operator_counts(trace)) counts[op] = times;
  Json operations = Json::array();
  for (size_t i = 0; i < trace.nodes.size(); ++i) {
    const Node& node = trace.nodes[i];
    Json outputs = Json::array();
    for (TensorId id : result_tensors(node)) outputs.push_back(tensor_json(trace[id]));
    Json origin = node.origin < trace.origins.size() ? place_json(trace.origins[node.origin]) : Json(nullptr);
    operations.push_back({{"index", i},
                          {"name", node.op},
                          {"overload", node.overload},
                          {"outputs", std::move(outputs)},
                          {"origin", std::move(origin)}});
  }
  return {{"inputs", ports_json(trace, trace.inputs)},
          {"outputs", ports_json(trace, trace.outputs)},
          {"operation_counts", std::move(counts)},
          {"operations", std::move(operations)},
          {"diagnostics", findings_json(findings_of(trace, trace.diagnostics))}};
}

}  // namespace passerelle::report
