// Which operators there are.
#pragma once

#include <string>

namespace passerelle::torchscript {

/// Whether LibTorch, or a table of operators that it lacks, knows `name` ("aten::mode"), whatever its overloads. It has
/// a namespace and a name.
bool has_operator(const std::string& name);

}  // namespace passerelle::torchscript
