#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

struct Loaded {
  torch::jit::Module module;
  std::string written_by;
  std::string path;
  uint64_t file_size = 0;
};

struct Model::State : Loaded {};

}  // namespace passerelle::torchscript
