// How deeply an archive's code is nested: LibTorch's compiler follows it by recursion, and runs out of stack without a
// word.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace passerelle::torchscript {

/// What is wrong with a file of code, in words that follow "'code/__torch__.py' in it"; nothing where it is no deeper
/// than people or printers write, and its classes' attributes have types.
std::optional<std::string> flaw_in_code(std::string_view code);

}  // namespace passerelle::torchscript
