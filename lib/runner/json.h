// JSON, written piece by piece.
#pragma once

#include <string>

namespace passerelle::runner {

/// A string with its quotes.
std::string json_string(const std::string& text);

}  // namespace passerelle::runner
