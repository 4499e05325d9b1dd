#include "passerelle/report/words.h"

#include <spdlog/fmt/fmt.h>

namespace passerelle::report {

std::string thousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string bytes(uint64_t number) {
  if (number < 1024) return count(number, "byte");
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(number) / 1024;
  size_t unit = 0;
  for (; value >= 1023.95 && unit < 5; ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string count(uint64_t number, const std::string& singular) {
  return thousands(number) + ' ' + singular + (number == 1 ? "" : "s");
}

std::string printable(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7f) text[i] = '?';
    // U+0080 to U+009F in UTF-8
    if (byte == 0xc2 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xe0) == 0x80)
      text.replace(i, 2, "?");
  }
  return text;
}

std::string scientific(double number) { return number == 0 ? "0" : fmt::format("{:.2g}", number); }

}  // namespace passerelle::report
