#include <cmath>
#include <nlohmann/json.hpp>

#include "passerelle/report/findings.h"
#include "passerelle/report/verify_report.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;
using verify::Comparison;

Json arg_max_json(const Comparison& comparison) {
  if (!comparison.arg_max) return nullptr;
  return {{"dimension", comparison.arg_max->dimension},
          {"positions", comparison.arg_max->positions},
          {"agreeing", comparison.arg_max->agreeing},
          {"ties", comparison.arg_max->ties},
          {"required", comparison.arg_max->required}};
}

/// Nothing of infinities: they are not JSON's.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// What quantized results differ by, in steps and in the numbers that they stand for; `step`: what one stands for.
Json steps_json(const Comparison& comparison, float step) {
  if (step == 0) return nullptr;
  return {{"max_difference", comparison.max_difference},
          {"value", comparison.max_difference * static_cast<double>(step)}};
}

void add_comparison(Json& json, const Comparison& comparison) {
  json["passed"] = comparison.passed;
  json["by_signal_to_noise"] = comparison.by_ratio;
  json["not_finite"] = comparison.not_finite;
  json["max_difference"] = comparison.max_difference;
  json["limit"] = comparison.limit;
  json["relative_difference"] = comparison.relative_difference();
  json["signal_to_noise"] = finite(comparison.signal_to_noise);
  json["range"] = {comparison.reference_min, comparison.reference_max};
  json["worst"] = {{"element", comparison.worst_element},
                   {"reference", comparison.reference_value},
                   {"nnapi", comparison.actual_value}};
}

Json layer_json(const verify::Layer& layer) {
  Json result = {{"operation", layer.operation}, {"name", layer.name}, {"shape", layer.shape}};
  result["origin"] = place_json(layer.origin);
  result["origin"]["operator"] = layer.origin.op;
  result["compared"] = layer.comparison.has_value();
  if (!layer.comparison) {
    result["why_not"] = layer.why_not;
    return result;
  }
  result["with"] = place_json(layer.op_origin);
  result["with"]["operator"] = layer.op;
  add_comparison(result, *layer.comparison);
  result["steps"] = steps_json(*layer.comparison, layer.step);
  return result;
}

}  // namespace

Json verify_json(const VerifyReport& report) {
  Json outputs = Json::array();
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    Json row = {{"name", report.outputs[i].name},
                {"shape", report.outputs[i].shape},
                {"dtype", graph::name(report.outputs[i].type)}};
    add_comparison(row, report.comparisons[i]);
    row["steps"] = steps_json(report.comparisons[i], report.outputs[i].quantization.scale);
    row["arg_max"] = arg_max_json(report.comparisons[i]);
    outputs.push_back(std::move(row));
  }
  const verify::Limits& limits = report.limits;
  Json result = {{"model", report.model},
                 {"file", report.file},
                 {"passed", report.passed()},
                 {"limits",
                  {{"rtol", limits.relative},
                   {"atol", limits.absolute},
                   {"steps", limits.steps},
                   {"snr", limits.signal_to_noise ? Json(*limits.signal_to_noise) : Json()},
                   {"arg_max", limits.arg_max}}},
                 {"outputs", std::move(outputs)}};
  if (!report.layers) return result;
  result["first_difference"] = report.layers->first_bad ? Json(*report.layers->first_bad) : Json(nullptr);
  result["layers"] = Json::array();
  for (const verify::Layer& layer : report.layers->layers) result["layers"].push_back(layer_json(layer));
  return result;
}

}  // namespace passerelle::report
