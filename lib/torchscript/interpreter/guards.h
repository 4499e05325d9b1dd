// What crashes LibTorch, or keeps it busy without end, told before it runs: it believes more of its arguments than it
// checks.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <optional>
#include <string>
#include <vector>

namespace passerelle::torchscript {

/// Why the operator must not run on these arguments, in words that follow its name; nothing where it may.
std::optional<std::string> foreseen_crash(const std::string& op, const c10::FunctionSchema& schema,
                                          const std::vector<c10::IValue>& arguments);

}  // namespace passerelle::torchscript
