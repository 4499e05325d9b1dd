// From LibTorch's source ranges to places that a user knows.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <string>
#include <string_view>
#include <vector>

#include "passerelle/graph/diagnostic.h"

namespace passerelle::torchscript {

/// `nodes`: the operator, the call of the function that holds it, and so on outwards.
graph::Origin make_origin(std::string op, std::string module_path, const std::vector<const torch::jit::Node*>& nodes);

/// Whether a Python file is PyTorch's own, rather than its user's.
bool is_libtorch_file(std::string_view file);

}  // namespace passerelle::torchscript
