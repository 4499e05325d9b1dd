// What forward is called with: the user's specifications, made into LibTorch's values.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/support/expected.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

/// A tensor that forward takes, wherever in its parameters.
struct FlatInput {
  std::string name;  ///< "x", "x.0", "x.key"
  at::Tensor tensor;
  bool channels_last = false;
};

struct Arguments {
  std::vector<c10::IValue> values;  ///< one a parameter of forward, without self
  std::vector<FlatInput> inputs;    ///< the tensors in them, depth first
};

std::vector<ParameterInfo> parameters_of(const torch::jit::Module& module);

/// `given` replaces the values of the flat inputs, in their order; then the specifications may be left out.
/// Errors: `usage`.
Expected<Arguments> make_arguments(const torch::jit::Module& module, const std::vector<InputSpec>& specs,
                                   const std::vector<graph::HostTensor>* given = nullptr);

}  // namespace passerelle::torchscript
