// The only part of the harness that needs LibTorch: a TorchScript archive for a test.
#pragma once

#include <string>

#include "harness.h"
#include "passerelle/graph/host_tensor.h"

namespace passerelle::tests {

/// Values of the tensor, always the same for its name and shape.
graph::HostTensor values_of(const Tensor& tensor);

/// Compiles the case's body as forward of a module with the case's attributes, and writes the archive to `path`.
/// A body that TorchScript does not take is a std::runtime_error with TorchScript's own words.
void save_module(const Case& test, const std::string& path);

}  // namespace passerelle::tests
