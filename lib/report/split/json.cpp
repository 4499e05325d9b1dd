#include <nlohmann/json.hpp>

#include "passerelle/report/split_report.h"

namespace passerelle::report {

using Json = nlohmann::ordered_json;

Json split_json(const SplitReport& report) {
  Json parts = Json::array();
  for (const SplitPartReport& part : report.parts)
    parts.push_back({{"operators", part.operators},
                     {"operations", part.operations},
                     {"multiply_adds", part.multiply_adds},
                     {"bytes_in", part.bytes_in},
                     {"bytes_out", part.bytes_out},
                     {"first", place_json(part.first)},
                     {"last", place_json(part.last)}});
  return {{"parts", std::move(parts)},
          {"operators", report.operators},
          {"operators_kept", report.kept},
          {"operators_given_back", report.given_back},
          {"multiply_adds", report.multiply_adds},
          {"multiply_adds_kept", report.kept_multiply_adds},
          {"cpu_share", report.cpu_share()},
          {"estimated_nanoseconds", report.nanoseconds},
          {"estimated_nanoseconds_all_cpu", report.all_cpu},
          {"blockers", findings_json(report.blockers)}};
}

}  // namespace passerelle::report
