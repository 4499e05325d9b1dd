#pragma once

#include <torch/csrc/jit/api/module.h>

#include "passerelle/torchscript/split_module.h"

namespace passerelle::torchscript {

/// Makes `module` one that runs `part`: forward(Tensor[]) -> Tensor[], compiled by NNAPI at its first call.
void define_nnapi_part(torch::jit::Module& module, const NnapiPart& part, const Trace& trace);

/// Methods of the root that check what it is called with: _expect_tensor, _expect_number.
void define_checks(torch::jit::Module& root);

}  // namespace passerelle::torchscript
