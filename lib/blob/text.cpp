#include "text.h"

#include <cstdint>

namespace passerelle::blob {
namespace {

/// One row a length of encoding: lead bytes are (byte & mask) == lead, and encode code points from `lowest` on.
struct Encoding {
  uint8_t mask;
  uint8_t lead;
  uint32_t lowest;
};
constexpr Encoding encodings[] = {{0x80, 0x00, 0x0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};

bool is_control(uint32_t character) { return character < 0x20 || (character >= 0x7F && character < 0xA0); }
bool is_surrogate(uint32_t character) { return character >= 0xD800 && character < 0xE000; }

}  // namespace

size_t character_size(const char* text, size_t size) {
  if (size == 0) return 0;
  const uint8_t first = static_cast<uint8_t>(text[0]);
  for (size_t length = 1; length <= 4 && length <= size; ++length) {
    const Encoding& encoding = encodings[length - 1];
    if ((first & encoding.mask) != encoding.lead) continue;
    uint32_t character = first & static_cast<uint8_t>(~encoding.mask);
    for (size_t i = 1; i < length; ++i) {
      const uint8_t next = static_cast<uint8_t>(text[i]);
      if ((next & 0xC0) != 0x80) return 0;
      character = character << 6 | (next & 0x3F);
    }
    const bool valid = character >= encoding.lowest && character <= 0x10FFFF && !is_surrogate(character);
    return valid && !is_control(character) ? length : 0;
  }
  return 0;
}

bool is_plain_text(const char* text, size_t size) {
  while (size > 0) {
    const size_t length = character_size(text, size);
    if (length == 0) return false;
    text += length;
    size -= length;
  }
  return true;
}

}  // namespace passerelle::blob
