// What forward returns, as a flat list.
#pragma once

#include <ATen/core/ivalue.h>

#include <vector>

namespace passerelle::torchscript {

/// The tensors, depth first over tuples, lists and dicts (in their order); None and strings are left out; a number
/// becomes a tensor of rank 0.
std::vector<at::Tensor> flat_tensors(const c10::IValue& value);

}  // namespace passerelle::torchscript
