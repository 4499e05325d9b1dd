// The text that a file may hold: UTF-8 without control characters, so that it can be printed and written as JSON as it
// is.
#pragma once

#include <cstddef>

namespace passerelle::blob {

inline constexpr size_t longest_name = 4096;  ///< bytes of a port's name, and of the producer

/// Bytes of the character at `text`, of which `size` bytes are there; 0 where it is none, or a control character.
size_t character_size(const char* text, size_t size);

bool is_plain_text(const char* text, size_t size);

}  // namespace passerelle::blob
