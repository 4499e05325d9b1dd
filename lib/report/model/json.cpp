#include <nlohmann/json.hpp>

#include "passerelle/report/model_report.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;

Json tensor_json(const ModelPort& port) {
  Json result = {{"shape", port.tensor.shape}, {"dtype", graph::name(port.tensor.type)}};
  if (graph::is_quantized(port.tensor.type) && port.quantization.channel_scales.empty()) {
    result["scale"] = port.quantization.scale;
    result["zero_point"] = port.quantization.zero_point;
  }
  return result;
}

Json ports_json(const std::vector<ModelPort>& ports) {
  Json result = Json::array();
  for (const ModelPort& port : ports) {
    Json row = {{"name", port.name}};
    row.update(tensor_json(port));
    result.push_back(std::move(row));
  }
  return result;
}

Json operators_json(const ModelReport& report) {
  Json result = Json::array();
  for (size_t i = 0; i < report.operators.size(); ++i) {
    const ModelOperator& each = report.operators[i];
    Json outputs = Json::array();
    for (const ModelPort& output : each.outputs) outputs.push_back(tensor_json(output));
    result.push_back({{"index", i},
                      {"name", each.name},
                      {"overload", each.overload},
                      {"multiply_adds", each.multiply_adds},
                      {"outputs", std::move(outputs)},
                      {"origin", place_json(each.origin)}});
  }
  return result;
}

}  // namespace

Json model_json(const ModelReport& report) {
  Json parameters = Json::array();
  for (const ModelParameter& parameter : report.parameters)
    parameters.push_back({{"name", parameter.name}, {"type", parameter.type}});
  Json result = {{"file", report.file},
                 {"kind", "torchscript"},
                 {"written_by", report.written_by},
                 {"libtorch", report.libtorch},
                 {"parameters", std::move(parameters)},
                 {"traced", report.traced}};
  if (report.traced) {
    Json counts = Json::object(), constants = Json::array();
    for (const OperatorCount& row : report.counts) counts[row.name] = row.count;
    for (const ModelConstant& constant : report.constants)
      constants.push_back({{"shape", constant.tensor.shape},
                           {"dtype", graph::name(constant.tensor.type)},
                           {"bytes", constant.bytes},
                           {"read_by", constant.reader}});
    result["inputs"] = ports_json(report.inputs);
    result["outputs"] = ports_json(report.outputs);
    result["operation_counts"] = std::move(counts);
    result["multiply_adds"] = report.multiply_adds;
    result["constant_bytes"] = report.constant_bytes;
    result["constants"] = std::move(constants);
    result["diagnostics"] = findings_json(report.findings);
  }
  result["operations"] = operators_json(report);
  return result;
}

}  // namespace passerelle::report
