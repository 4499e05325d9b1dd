// A tensor of PyTorch's in the order of dimensions that an operand has.
#pragma once

#include <vector>

#include "passerelle/graph/host_tensor.h"

namespace passerelle::layers {

/// Every way in which `tensor` may lie in an operand of this shape: as it is, with its dimensions permuted, or reshaped
/// after that. Empty where the number of elements differs.
std::vector<graph::HostTensor> arrangements(const graph::HostTensor& tensor, const graph::Shape& shape);

}  // namespace passerelle::layers
