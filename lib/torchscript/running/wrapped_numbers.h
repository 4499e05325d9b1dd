// Numbers that a trace has made tensors of.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace passerelle::torchscript {

/// Gives operators the numbers back that PyTorch's tracer wrote down as tensors: `x * 0.5` of a traced model is
/// mul(x, <a float64 constant of rank 0>). A number gives way to the dtype of a tensor beside it, a float64 tensor does
/// not, and an archive does not say which it was. LibTorch's executor takes it for a number in four operators, where
/// it prepares a graph to be run; so does this, for those who run a graph as it stands.
void unwrap_numbers(torch::jit::Graph& graph);

}  // namespace passerelle::torchscript
