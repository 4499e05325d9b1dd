// NCHW ↔ NHWC.
#pragma once

#include <cstddef>
#include <cstdint>

#include "passerelle/blob/view.h"
#include "passerelle/support/span.h"

namespace passerelle::loader {

/// Copies a dense tensor whose dimensions, in PyTorch's order, are `shape` (four), from one layout to the other.
/// `element_size` is 1, 2 or 4; the buffers need no alignment and must not overlap.
void convert_layout(const void* in, void* out, Span<const uint32_t> shape, size_t element_size, blob::Layout from);

}  // namespace passerelle::loader
