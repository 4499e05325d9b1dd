// Between numbers and the integers that stand for them.
#pragma once

#include "passerelle/graph/host_tensor.h"

namespace passerelle::verify {

/// float32 to quint8 or qint8, as PyTorch rounds: half to even, and beyond the range to its end.
graph::HostTensor quantized(const graph::HostTensor& floats, graph::ElementType type,
                            const graph::Quantization& quantization);

/// quint8 or qint8 to float32.
graph::HostTensor dequantized(const graph::HostTensor& integers);

}  // namespace passerelle::verify
