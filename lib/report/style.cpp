#include "passerelle/report/style.h"

#include <cstring>

namespace passerelle::report {
namespace {

// U+E100 ends a style, U+E101 and the following begin one.
constexpr char mark_begin[] = "\xee\x84";
constexpr size_t mark_size = 3;
constexpr unsigned char first_mark = 0x80;
constexpr const char* sequences[] = {"\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m"};
constexpr size_t mark_count = sizeof(sequences) / sizeof(sequences[0]);

std::string mark(size_t number) { return mark_begin + std::string(1, static_cast<char>(first_mark + number)); }

}  // namespace

bool is_style_mark(const char* at, size_t left) {
  return left >= mark_size && std::memcmp(at, mark_begin, 2) == 0 &&
         static_cast<unsigned char>(at[2]) < first_mark + mark_count;
}

std::string styled(const std::string& text, Style style) {
  return mark(1 + static_cast<size_t>(style)) + text + mark(0);
}

std::string rendered(const std::string& text, bool colour) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    if (!is_style_mark(&text[i], text.size() - i)) {
      result += text[i++];
      continue;
    }
    if (colour) result += sequences[static_cast<unsigned char>(text[i + 2]) - first_mark];
    i += mark_size;
  }
  return result;
}

}  // namespace passerelle::report
