// What every form of a benchmark's report says in the same words.
#pragma once

#include <string>

#include "passerelle/report/bench_report.h"

namespace passerelle::report {

/// "4", or "-" for an engine that chooses itself.
std::string threads_text(const BenchRow& row);
/// The quartiles: "12.100 ms to 13.800 ms"
std::string middle_half(const BenchRow& row);
/// "12.500 ms"
std::string duration(double seconds);

}  // namespace passerelle::report
