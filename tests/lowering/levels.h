// Whether all that is said of feature levels agrees.
#pragma once

#include <vector>

#include "harness.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::tests {

/// Converts for every level, and holds what a report says there (its headline, its obstacles, its JSON, the table of
/// what needs a level) to what conversions for that level and the one below do.
void require_levels_agree(const torchscript::Model& model, const std::vector<torchscript::InputSpec>& inputs);

/// What keeps the case from every level.
std::vector<graph::Diagnostic> refusals_of(const Case& test);

}  // namespace passerelle::tests
