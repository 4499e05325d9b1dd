// A graph that computes the same at every level which can express it.
#pragma once

#include "executor.h"
#include "sketch.h"

namespace passerelle::tests {

/// The graph converted for `level` computes what it does as it is (NaN equals NaN), or, below `lowest_level`, is
/// refused with a level that would do.
void require_right(Sketch& sketch, int level, int lowest_level);

/// The same at all levels.
void require_from(int lowest_level, void (*build)(Sketch&));

}  // namespace passerelle::tests
