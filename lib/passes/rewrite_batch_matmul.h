#pragma once

#include "editor.h"

namespace passerelle::passes {

/// BATCH_MATMUL below feature level 6: each batch is a FULLY_CONNECTED whose weights are computed. False where there
/// are too many batches for that to be of use, or where the elements are no floats.
bool rewrite_batch_matmul(Editor& editor, const Operation& operation);

}  // namespace passerelle::passes
