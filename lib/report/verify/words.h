// What every form of a verification's report says in the same words.
#pragma once

#include <string>
#include <vector>

#include "passerelle/report/verify_report.h"

namespace passerelle::report {

/// "3 of 4", "3 of 4 and 1 tie", "-"
std::string arg_max_text(const verify::Comparison& comparison);
/// "-1.5 to 2"
std::string range_text(const verify::Comparison& comparison);
/// "2.4e-07"; of integers in steps that stand for `step` each: "2 steps, 0.04".
std::string difference_text(const verify::Comparison& comparison, float step);
/// "23.4 dB", "-" where nothing differs
std::string decibels_text(const verify::Comparison& comparison);
/// "ok", "ok by SNR", "differs"
std::string verdict_text(const verify::Comparison& comparison);
/// What a reader should know of the outputs beyond the table, a sentence each: what passed by its ratio alone, what is
/// no finite number.
std::vector<std::string> remarks(const VerifyReport& report);
/// What the layers say, a sentence.
std::string layers_verdict(const verify::Layers& layers);

}  // namespace passerelle::report
