// Tensors in ordinary memory, in other types.
#pragma once

#include "passerelle/graph/host_tensor.h"

namespace passerelle::graph {

/// The same numbers in another type that is not quantized, each rounded to the nearest that it has.
HostTensor converted(const HostTensor& tensor, ElementType type);

}  // namespace passerelle::graph
