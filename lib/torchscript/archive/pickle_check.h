// An archive's pickles, looked at before LibTorch sees them: its reader believes what they say.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "declarations.h"
#include "zip_directory.h"

namespace passerelle::torchscript {

/// Unpacked bytes of the archive's entry that holds a storage; nothing where there is none of that name.
using StorageSize = std::function<std::optional<uint64_t>(std::string_view key)>;

/// What is wrong with a pickle of values (data.pkl, constants.pkl), in words that follow "'data.pkl' in it"; nothing
/// where LibTorch can read it without harm: operations find on the stack what they take, containers are neither cyclic
/// nor nested too deeply, enums have the values that they are given, and every tensor lies within its storage and every
/// storage within its entry.
std::optional<std::string> flaw_in_values(Bytes pickle, const StorageSize& storage_size,
                                          const Declarations& declarations = {});

/// The same of a pickle of source ranges (*.debug_pkl): every string that they name exists.
std::optional<std::string> flaw_in_source_ranges(Bytes pickle);

}  // namespace passerelle::torchscript
