// Runs a trace again, through LibTorch's own operators: for values to compare with, layer by layer.
#pragma once

#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/support/expected.h"
#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

/// The values of `wanted` (empty: of the trace's outputs), in that order, for these inputs; one for each of
/// Trace::inputs, of the same type and shape. Errors: `usage` for inputs that do not fit; `unsupported` for a trace
/// with diagnostics of which some operator can't be run again.
Expected<std::vector<graph::HostTensor>> replay(const Trace& trace, const std::vector<graph::HostTensor>& inputs,
                                                const std::vector<TensorId>& wanted = {});

}  // namespace passerelle::torchscript
