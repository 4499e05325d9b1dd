#include <nlohmann/json.hpp>

#include "passerelle/report/check_report.h"

namespace passerelle::report {

using Json = nlohmann::ordered_json;

Json check_json(const CheckReport& report) {
  Json guards = Json::array();
  for (const Guard& guard : report.guards)
    guards.push_back({{"condition", guard.condition}, {"found", guard.found}, {"failed", guard.failed}});
  return {{"model", report.model},
          {"written_by", report.written_by},
          {"libtorch", report.libtorch},
          {"converts", report.converts()},
          {"passed", report.passed()},
          {"target_feature_level", report.target},
          {"smallest_feature_level", report.smallest_level},
          {"operators", report.operators.whole},
          {"operators_converted", report.operators.part},
          {"multiply_adds", report.multiply_adds.whole},
          {"multiply_adds_converted", report.multiply_adds.part},
          {"complete", report.complete},
          {"nnapi_operations", report.nnapi_operations},
          {"obstacles", report.obstacles()},
          {"accepted", report.accepted()},
          {"diagnostics", findings_json(report.findings)},
          {"level_needs", findings_json(report.level_needs)},
          {"guards", std::move(guards)}};
}

}  // namespace passerelle::report
