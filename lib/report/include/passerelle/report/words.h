// Numbers and counts as a person reads them.
#pragma once

#include <cstdint>
#include <string>

namespace passerelle::report {

/// "14,063,928"
std::string thousands(uint64_t number);
/// "812 bytes", "24.5 KiB", "13.4 MiB"
std::string bytes(uint64_t number);
/// "1 operation", "33 operations"
std::string count(uint64_t number, const std::string& singular);
/// Control characters other than line feeds become '?': names and messages of a hostile model must not steer a
/// terminal.
std::string printable(std::string text);
/// "2.4e-07"; "0" for zero.
std::string scientific(double number);

}  // namespace passerelle::report
