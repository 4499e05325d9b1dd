// Tensors for the user's input specifications.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "passerelle/support/expected.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

/// The values given, or values drawn from a seed that is fixed for each position: normal floats, integers 0 to 9, both
/// truth values; quantized ones are normal floats quantized. Errors: `usage`.
Expected<at::Tensor> example_tensor(const InputSpec& spec, const std::string& name, size_t position);

}  // namespace passerelle::torchscript
