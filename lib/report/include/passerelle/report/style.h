// Colour in text that may go to a terminal or to a file.
//
// Styled text carries marks (private code points of Unicode, which take no column) until it is printed; then they
// become a terminal's colours, or nothing. So what a model names can't send control sequences: those never were in the
// text.
#pragma once

#include <string>

namespace passerelle::report {

enum class Style { bold, red, green, yellow, dim };

std::string styled(const std::string& text, Style style);

/// Marks become ANSI colours, or go.
std::string rendered(const std::string& text, bool colour);

/// Whether a code point (UTF-8) begins here that is a mark.
bool is_style_mark(const char* at, size_t left);

}  // namespace passerelle::report
