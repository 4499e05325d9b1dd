// What an operator of a trace costs to compute.
#pragma once

#include <cstdint>

#include "passerelle/trace/trace.h"

namespace passerelle::trace {

/// Multiplications with their additions, of those operators where they are the work: convolutions, matrix products,
/// recurrent networks, attention. 0 for all others.
uint64_t multiply_adds(const Trace& trace, const Node& node);

}  // namespace passerelle::trace
