#include <nlohmann/json.hpp>

#include "file_facts.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;

Json indexes_json(const blob::Indexes& indexes) {
  Json result = Json::array();
  for (uint32_t i = 0; i < indexes.size(); ++i) result.push_back(indexes[i]);
  return result;
}

Json port_json(const blob::View& view, const blob::Port& port) {
  auto layout = [](blob::Layout layout) { return layout == blob::Layout::channels_last ? "nhwc" : "as-pytorch"; };
  Json result = {{"name", port.name},
                 {"shape", port.shape.to_vector()},
                 {"dtype", blob::name(port.dtype)},
                 {"layout", layout(port.caller_layout)},
                 {"nnapi_layout", layout(port.nnapi_layout)},
                 {"nnapi_type", nnapi::name(view.operand(port.operand).type)},
                 {"operand", port.operand}};
  if (blob::is_quantized(port.dtype)) {
    result["scale"] = port.scale;
    result["zero_point"] = port.zero_point;
  }
  return result;
}

Json operation_json(const blob::View& view, uint32_t index) {
  blob::Operation operation = view.operation(index);
  Json result = {{"index", index},
                 {"name", operation.name},
                 {"feature_level", operation_legality(view, operation).level},
                 {"inputs", indexes_json(operation.inputs)},
                 {"outputs", indexes_json(operation.outputs)},
                 {"origin", nullptr}};
  graph::Origin origin = origin_of(view, index);
  if (!origin.op.empty()) {
    result["origin"] = place_json(origin);
    result["origin"]["operator"] = origin.op;
  }
  return result;
}

Json operand_json(const blob::View& view, uint32_t index) {
  blob::Operand operand = view.operand(index);
  Json result = {{"index", index},
                 {"type", nnapi::name(operand.type)},
                 {"shape", operand.dimensions.to_vector()},
                 {"storage", name(operand.storage)},
                 {"bytes", operand.byte_size}};
  if (!operand.channel_scales.empty()) {
    result["channel_scales"] = operand.channel_scales.to_vector();
    result["channel_dimension"] = operand.channel_dimension;
  } else if (operand.scale != 0) {
    result["scale"] = operand.scale;
    result["zero_point"] = operand.zero_point;
  }
  if (operand.storage == blob::Storage::window) {
    result["window"] = operand.window;
    result["offset"] = operand.offset;
  }
  return result;
}

template <typename Make>
Json list(uint32_t count, Make make) {
  Json result = Json::array();
  for (uint32_t i = 0; i < count; ++i) result.push_back(make(i));
  return result;
}

}  // namespace

Json file_json(const std::string& name, const blob::View& view) {
  Json counts = Json::object();
  for (const OperationCount& row : operation_counts(view)) counts[row.name] = row.count;
  return {{"file", name},
          {"kind", "nnapi"},
          {"bytes", view.file_size()},
          {"weight_bytes", constant_bytes(view)},
          {"format", {view.version_major(), view.version_minor()}},
          {"producer", view.producer()},
          {"feature_level", view.feature_level()},
          {"relax_fp16", view.relax_fp16()},
          {"has_origins", view.has_origins()},
          {"inputs", list(view.input_count(), [&](uint32_t i) { return port_json(view, view.input(i)); })},
          {"outputs", list(view.output_count(), [&](uint32_t i) { return port_json(view, view.output(i)); })},
          {"operation_counts", std::move(counts)},
          {"transposes", transposes(view)},
          {"operations", list(view.operation_count(), [&](uint32_t i) { return operation_json(view, i); })},
          {"operands", list(view.operand_count(), [&](uint32_t i) { return operand_json(view, i); })},
          {"windows", list(view.window_count(), [&](uint32_t i) {
             return Json{{"offset", view.window(i).offset}, {"bytes", view.window(i).size}};
           })}};
}

}  // namespace passerelle::report
