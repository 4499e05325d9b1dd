#include <nlohmann/json.hpp>

#include "passerelle/report/bench_report.h"

namespace passerelle::report {

using Json = nlohmann::ordered_json;

Json bench_json(const BenchReport& report) {
  Json rows = Json::array();
  for (const BenchRow& row : report.rows)
    rows.push_back({{"engine", row.engine},
                    {"threads", row.threads == 0 ? Json(nullptr) : Json(row.threads)},
                    {"median_seconds", row.timing.median()},
                    {"quartile_seconds", {row.timing.quantile(0.25), row.timing.quantile(0.75)}},
                    {"normalised", report.normalised(row)},
                    {"cpu_use", row.timing.cpu_use()},
                    {"seconds", row.timing.seconds}});
  return {{"file", report.file},
          {"model", report.model.empty() ? Json(nullptr) : Json(report.model)},
          {"nnapi", report.library},
          {"warm_up", report.options.warm_up},
          {"repetitions", report.options.repetitions},
          {"compile_seconds", report.compile_seconds},
          {"results", std::move(rows)}};
}

}  // namespace passerelle::report
