// Between tensors as PyTorch has them and the buffers that the loader takes.
#pragma once

#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/loader/passerelle.h"
#include "passerelle/support/expected.h"
#include "passerelle/verify/blob_runner.h"

namespace passerelle::verify {

/// What a quantized tensor's integers are without their scale: .npy files and buffers hold them so. Other types stay.
graph::ElementType integers_of(graph::ElementType type);

Port port_of(const passerelle_port_info& info);

/// Errors: `usage` where shape or dtype are not the port's, or an integer is too large for the type that it travels as.
Expected<std::vector<unsigned char>> to_buffer(const graph::HostTensor& tensor, const passerelle_port_info& info);

/// `buffer` holds info.byte_size bytes.
graph::HostTensor from_buffer(const std::vector<unsigned char>& buffer, const passerelle_port_info& info);

}  // namespace passerelle::verify
