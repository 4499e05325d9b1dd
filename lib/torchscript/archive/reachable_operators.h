// What a model may call when LibTorch's own interpreter runs it, where no allow-list stands in between.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>

namespace passerelle::torchscript {

/// An operator that forward could reach, branches not taken included, and that is not on the allow-list.
std::optional<std::string> find_forbidden_operator(const torch::jit::Module& module);

/// Whether it is one of the operators that torch.nn.TransformerEncoder makes and unmakes nested tensors with.
bool makes_nested_tensors(const std::string& op);

}  // namespace passerelle::torchscript
