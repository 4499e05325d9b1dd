#pragma once

#include <torch/csrc/jit/api/module.h>

#include "passerelle/torchscript/split_module.h"
#include "running/arguments.h"

namespace passerelle::torchscript {

struct Program::Structure {
  torch::jit::Module module;
  Arguments arguments;  ///< of the run that was traced: Trace::inputs are their tensors
  c10::IValue result;   ///< Trace::outputs are its tensors and numbers
};

}  // namespace passerelle::torchscript
