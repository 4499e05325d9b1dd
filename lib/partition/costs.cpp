#include "passerelle/partition/costs.h"

#include <cmath>
#include <cstdlib>

namespace passerelle::partition {
namespace {

/// In the order of cost_table().
std::vector<double*> fields(Costs& costs) {
  return {
#define COST(name, npu, gpu, meaning) &costs.name,
#include "passerelle/partition/costs.def"
#undef COST
  };
}

std::string known_names() {
  std::string names;
  for (const CostRow& row : cost_table()) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

}  // namespace

const std::vector<CostRow>& cost_table() {
  static const std::vector<CostRow> rows = {
#define COST(name, npu, gpu, meaning) {#name, npu, gpu, meaning},
#include "passerelle/partition/costs.def"
#undef COST
  };
  return rows;
}

Expected<void> set(Costs& costs, const std::string& text) {
  const auto usage = [&](const std::string& why) { return Error{ErrorKind::usage, "--partition-cost " + text + why}; };
  const std::vector<double*> all = fields(costs);
  const std::vector<CostRow>& table = cost_table();
  if (text == "npu" || text == "gpu") {
    for (size_t i = 0; i < table.size(); ++i) *all[i] = text == "npu" ? table[i].npu : table[i].gpu;
    return {};
  }
  const size_t equals = text.find('=');
  if (equals == text.npos) return usage(": give NAME=VALUE, or a preset, npu or gpu");
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].name != std::string_view(text).substr(0, equals)) continue;
    char* end = nullptr;
    const double value = std::strtod(text.c_str() + equals + 1, &end);
    if (end == text.c_str() + equals + 1 || *end != '\0' || !std::isfinite(value) || value < 0)
      return usage(": give a number of nanoseconds, 0 or more");
    *all[i] = value;
    return {};
  }
  return usage(": there is no such cost; there are " + known_names());
}

}  // namespace passerelle::partition
