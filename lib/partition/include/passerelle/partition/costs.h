// The weights that a cut is judged by: costs.def is their table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "passerelle/support/expected.h"

namespace passerelle::partition {

/// In nanoseconds; the npu preset.
struct Costs {
#define COST(name, npu, gpu, meaning) double name = npu;
#include "passerelle/partition/costs.def"
#undef COST
};

/// Takes "call=250000", or a preset: "npu", "gpu". Errors: `usage` for anything else, and for what is no number from 0
/// on.
Expected<void> set(Costs& costs, const std::string& text);

/// A row of the table, for documentation.
struct CostRow {
  std::string_view name;
  double npu, gpu;
  std::string_view meaning;
};
const std::vector<CostRow>& cost_table();

}  // namespace passerelle::partition
