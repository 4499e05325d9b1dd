#include <nlohmann/json.hpp>

#include "facts.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;

Json port_json(const FileReport& report, const FilePort& port) {
  auto layout = [](blob::Layout layout) { return layout == blob::Layout::channels_last ? "nhwc" : "as-pytorch"; };
  Json result = {{"name", port.name},
                 {"shape", port.shape},
                 {"dtype", blob::name(port.dtype)},
                 {"layout", layout(port.caller_layout)},
                 {"nnapi_layout", layout(port.nnapi_layout)},
                 {"nnapi_type", nnapi::name(report.operands[port.operand].type)},
                 {"operand", port.operand}};
  if (blob::is_quantized(port.dtype)) {
    result["scale"] = port.scale;
    result["zero_point"] = port.zero_point;
  }
  return result;
}

Json operation_json(const FileReport& report, uint32_t index) {
  const FileOperation& operation = report.operations[index];
  Json result = {{"index", index},
                 {"name", operation.name},
                 {"feature_level", operation.level},
                 {"level_reason", operation.level_reason},
                 {"inputs", operation.inputs},
                 {"outputs", operation.outputs},
                 {"multiply_adds", operation.multiply_adds},
                 {"bytes_read", operation.bytes_read},
                 {"bytes_written", operation.bytes_written},
                 {"overhead", operation.overhead.empty() ? Json(nullptr) : Json(operation.overhead)},
                 {"origin", nullptr}};
  if (!operation.origin.op.empty()) {
    result["origin"] = place_json(operation.origin);
    result["origin"]["operator"] = operation.origin.op;
  }
  if (operation.inside) {
    result["inside"] = *operation.inside;
    result["part"] = operation.part;
  }
  return result;
}

Json operand_json(const FileReport& report, uint32_t index) {
  const FileOperand& operand = report.operands[index];
  Json result = {{"index", index},
                 {"type", nnapi::name(operand.type)},
                 {"shape", operand.shape},
                 {"storage", name(operand.storage)},
                 {"bytes", operand.bytes}};
  if (!operand.channel_scales.empty()) {
    result["channel_scales"] = operand.channel_scales;
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
Json list(size_t count, Make make) {
  Json result = Json::array();
  for (uint32_t i = 0; i < count; ++i) result.push_back(make(i));
  return result;
}

}  // namespace

Json file_json(const FileReport& report) {
  Json counts = Json::object();
  for (const OperationCount& row : report.counts) counts[row.name] = row.count;
  return {{"file", report.file},
          {"kind", "nnapi"},
          {"bytes", report.bytes},
          {"weight_bytes", report.weight_bytes},
          {"format", {report.version_major, report.version_minor}},
          {"producer", report.producer},
          {"feature_level", report.level},
          {"level_needs", report.level_needs()},
          {"relax_fp16", report.relax_fp16},
          {"has_origins", report.has_origins},
          {"inputs", list(report.inputs.size(), [&](uint32_t i) { return port_json(report, report.inputs[i]); })},
          {"outputs", list(report.outputs.size(), [&](uint32_t i) { return port_json(report, report.outputs[i]); })},
          {"operation_counts", std::move(counts)},
          {"transposes", report.count(nnapi::OperationType::TRANSPOSE)},
          {"multiply_adds", report.multiply_adds},
          {"bytes_moved", report.bytes_moved},
          {"peak_activation_bytes", report.peak_bytes},
          {"peak_operation", report.operations.empty() ? Json(nullptr) : Json(report.peak_operation)},
          {"float_islands", report.islands},
          {"operations", list(report.operations.size(), [&](uint32_t i) { return operation_json(report, i); })},
          {"operands", list(report.operands.size(), [&](uint32_t i) { return operand_json(report, i); })},
          {"windows", list(report.windows.size(), [&](uint32_t i) {
             return Json{{"offset", report.windows[i].offset}, {"bytes", report.windows[i].size}};
           })}};
}

}  // namespace passerelle::report
