#pragma once

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>

namespace passerelle::torchscript {

/// Calls `visit(Graph&)` for each graph that the module may run.
template <typename Visit>
void for_each_graph(const torch::jit::Module& module, const Visit& visit) {
  using torch::jit::toGraphFunction;
  for (torch::jit::Function* function : module._ivalue()->compilation_unit()->get_functions())
    if (function->isGraphFunction()) visit(*toGraphFunction(*function).graph());
  for (const torch::jit::Module& inner : module.modules())
    for (const torch::jit::Method& method : inner.get_methods())
      if (method.function().isGraphFunction()) visit(*toGraphFunction(method.function()).graph());
}

}  // namespace passerelle::torchscript
