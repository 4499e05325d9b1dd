// Values as TorchScript writes them.
#include <cstdio>
#include <cstdlib>

#include "harness.h"

namespace passerelle::tests {

std::string list(const std::vector<int64_t>& values) {
  std::string text;
  for (int64_t value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return "[" + text + "]";
}

std::string python(bool value) { return value ? "True" : "False"; }

std::string python(double value) {
  char text[32];
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  const std::string shortest = text;
  return shortest.find_first_of(".en") == std::string::npos ? shortest + ".0" : shortest;
}

}  // namespace passerelle::tests
