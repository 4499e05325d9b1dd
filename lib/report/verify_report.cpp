#include "passerelle/report/verify_report.h"

#include <algorithm>

namespace passerelle::report {

bool VerifyReport::passed() const {
  return std::all_of(comparisons.begin(), comparisons.end(), [](const auto& comparison) { return comparison.passed; });
}

std::string VerifyReport::failed_outputs() const {
  std::string result;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!comparisons[i].passed) result += (result.empty() ? "" : ", ") + outputs[i].name;
  return result;
}

}  // namespace passerelle::report
