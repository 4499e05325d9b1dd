#include <cmath>
#include <nlohmann/json.hpp>

#include "passerelle/report/findings.h"
#include "passerelle/report/quantization_report.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;

/// Nothing of infinities: they are not JSON's.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json decibels(const std::optional<double>& ratio) { return ratio ? finite(*ratio) : Json(nullptr); }

Json output_json(const calibration::OutputLoss& output) {
  return {{"name", output.name},
          {"signal_to_noise", finite(output.signal_to_noise)},
          {"positions", output.positions},
          {"agreeing", output.agreeing}};
}

Json operation_json(const calibration::OperationLoss& operation) {
  Json result = {{"name", operation.name}};
  result["origin"] = place_json(operation.origin);
  result["origin"]["operator"] = operation.origin.op;
  result["integers"] = operation.in_integers;
  result["scale"] = operation.scale;
  result["zero_point"] = operation.zero_point;
  result["range"] = {operation.lowest, operation.highest};
  result["alone"] = decibels(operation.alone);
  result["accumulated"] = decibels(operation.accumulated);
  result["in_the_end"] = decibels(operation.in_the_end);
  result["kept_for_ratio"] = operation.kept_for_ratio;
  return result;
}

}  // namespace

Json quantization_json(const calibration::Report& report) {
  Json outputs = Json::array(), operations = Json::array();
  size_t in_integers = 0;
  for (const calibration::OutputLoss& output : report.outputs) outputs.push_back(output_json(output));
  for (const calibration::OperationLoss& operation : report.operations) {
    operations.push_back(operation_json(operation));
    in_integers += operation.in_integers ? 1 : 0;
  }
  Json steps = Json::array();
  for (const calibration::Gain& gain : report.gains)
    steps.push_back({{"step", gain.step}, {"signal_to_noise", finite(gain.signal_to_noise)}, {"kept", gain.is_kept}});
  return {{"samples", report.samples},         {"measured_samples", report.measured},
          {"integer_operations", in_integers}, {"outputs", std::move(outputs)},
          {"steps", std::move(steps)},         {"operations", std::move(operations)}};
}

}  // namespace passerelle::report
