// What is in an archive's entries, looked at before LibTorch loads it.
#pragma once

#include <set>
#include <string>

#include "archive_probe.h"
#include "passerelle/support/expected.h"

namespace passerelle::torchscript {

/// LibTorch finds the same entries as we do, each once; compressed ones unpack to what their checksums say (LibTorch
/// does not compare); pickles and code are such that LibTorch can read them without harm. Gives the operators that the
/// code names. Errors: `unreadable`.
Expected<std::set<std::string>> check_entries(const std::string& path, const Archive& archive);

}  // namespace passerelle::torchscript
