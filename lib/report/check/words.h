// What every form of a check report says in the same words.
#pragma once

#include <string>

#include "passerelle/report/check_report.h"

namespace passerelle::report {

/// "3 of 6 (50%)"
std::string share_text(const Share& share);

/// "converts for API 29", "converts from API 30 on, but not for API 29", "does not convert at any level"
std::string verdict(const CheckReport& report);

/// "it needs API 28 ...", "none: ..." : what "lowest level" says
std::string lowest_level_text(const CheckReport& report);

/// What to do next, a sentence; empty for nothing.
std::string advice(const CheckReport& report);

}  // namespace passerelle::report
