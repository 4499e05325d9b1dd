// Modules that call PyTorch's own NNAPI class: its reader of models believes what it is given, so that no words reach
// it that were not looked at.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

inline constexpr char nnapi_class[] = "__torch__.torch.classes._nnapi.Compilation";

/// Refuses a module in which the class could be given anything but the words and weights that the archive holds, or
/// words that are not well formed. Fine for modules without the class. Errors: `unreadable`.
Expected<void> check_nnapi_calls(const torch::jit::Module& module);

/// Of a module that has passed.
Model::NnapiCalls nnapi_calls_of(const torch::jit::Module& module);

}  // namespace passerelle::torchscript
