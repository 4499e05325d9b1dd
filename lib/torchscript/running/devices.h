// Models that were saved on a GPU name it in their code and in their values; there is none here, and a converted model
// has no use for it.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

namespace passerelle::torchscript {

/// Every device that the graph names is the CPU from here on, also one whose name is made while it runs.
void move_to_cpu(torch::jit::Graph& graph);

/// The same for devices among the module's attributes.
void move_to_cpu(const torch::jit::Module& module);

}  // namespace passerelle::torchscript
