// Operations that name axes (axis_rules.h), on tensors of more than four dimensions.
#pragma once

#include "editor.h"

namespace passerelle::passes {

inline constexpr size_t highest_rank = 4;  // docs/nnapi.md, rank

/// Joins the neighbouring dimensions that the operation leaves alone: RESHAPE → the operation at a lower rank →
/// RESHAPE. Where more than four remain, one axis after another. False where the operation is none of these.
bool fold_axes(Editor& editor, const Operation& operation);

}  // namespace passerelle::passes
