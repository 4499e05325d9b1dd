// Which models compute in float16 or bfloat16.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "arguments.h"

namespace passerelle::torchscript {

/// False where the model certainly has no tensor of these types: no input, parameter or constant is one, and no
/// operator is asked for one.
bool may_have_narrow_floats(const torch::jit::Module& module, const Arguments& arguments);

}  // namespace passerelle::torchscript
