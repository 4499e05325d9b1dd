#pragma once

#include <torch/csrc/jit/api/module.h>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

struct Model::State {
  torch::jit::Module module;
};

}  // namespace passerelle::torchscript
