#include "passerelle/report/verify_report.h"

#include <algorithm>

namespace passerelle::report {

bool VerifyReport::passed() const {
  return std::all_of(comparisons.begin(), comparisons.end(), [](const auto& comparison) { return comparison.passed; });
}

std::string VerifyReport::failed_outputs() const {
  std::string result;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!comparisons[i].passed) {
      const bool other_class = comparisons[i].arg_max && !comparisons[i].arg_max->holds();
      const bool no_number =
          comparisons[i].not_finite > 0 && comparisons[i].not_finite == graph::element_count(outputs[i].shape);
      result += (result.empty() ? "" : ", ") + outputs[i].name +
                (no_number     ? ", nothing of which is a finite number"
                 : other_class ? ", whose arg-max is another"
                               : "");
    }
  return result;
}

}  // namespace passerelle::report
