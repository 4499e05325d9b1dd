#include "passerelle/report/comparison_report.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

using Json = nlohmann::ordered_json;
using verify::Comparison;
using verify::Port;

Json arg_max_json(const Comparison& comparison) {
  if (!comparison.arg_max) return nullptr;
  return {{"dimension", comparison.arg_max->dimension},
          {"positions", comparison.arg_max->positions},
          {"agreeing", comparison.arg_max->agreeing}};
}

std::string arg_max_text(const Comparison& comparison) {
  if (!comparison.arg_max) return "-";
  return fmt::format("{} of {}", comparison.arg_max->agreeing, comparison.arg_max->positions);
}

}  // namespace

std::string comparison_text(const std::vector<Port>& ports, const std::vector<Comparison>& comparisons) {
  Table table({{"output"},
               {"shape"},
               {"dtype"},
               {"difference", Column::right},
               {"limit", Column::right},
               {"range"},
               {"of range", Column::right},
               {"arg-max"},
               {""}});
  for (size_t i = 0; i < ports.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    table.add({ports[i].name, graph::to_string(ports[i].shape), std::string(graph::name(ports[i].type)),
               scientific(comparison.max_difference), scientific(comparison.limit),
               fmt::format("{:.4g} to {:.4g}", comparison.reference_min, comparison.reference_max),
               scientific(comparison.relative_difference()), arg_max_text(comparison),
               comparison.passed ? "ok" : "DIFFERS"});
  }
  return table.text();
}

Json comparison_json(const std::vector<Port>& ports, const std::vector<Comparison>& comparisons) {
  Json result = Json::array();
  for (size_t i = 0; i < ports.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    result.push_back({{"name", ports[i].name},
                      {"shape", ports[i].shape},
                      {"dtype", graph::name(ports[i].type)},
                      {"passed", comparison.passed},
                      {"max_difference", comparison.max_difference},
                      {"limit", comparison.limit},
                      {"relative_difference", comparison.relative_difference()},
                      {"range", {comparison.reference_min, comparison.reference_max}},
                      {"worst",
                       {{"element", comparison.worst_element},
                        {"reference", comparison.reference_value},
                        {"nnapi", comparison.actual_value}}},
                      {"arg_max", arg_max_json(comparison)}});
  }
  return result;
}

}  // namespace passerelle::report
