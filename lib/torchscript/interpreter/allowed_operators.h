// The operators that tracing may run. Archives are not trusted: an operator outside of this list is never called.
#pragma once

#include <string_view>

namespace passerelle::torchscript {

/// `op` with its namespace and without overload: "aten::conv2d".
bool is_allowed(std::string_view op);

}  // namespace passerelle::torchscript
