#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

struct Model::State {
  torch::jit::Module module;
  std::string written_by;
  std::string path;
};

}  // namespace passerelle::torchscript
