// Which NNAPI library to use.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "passerelle/support/expected.h"

namespace passerelle::cli {

/// --nnapi
void add_nnapi_option(CLI::App& app, std::string& library);

/// What --nnapi named, or else the host NNAPI that was built or installed with this program; on Android the system's.
/// Errors: `nnapi` where there is none.
Expected<std::string> nnapi_library(const std::string& given);

}  // namespace passerelle::cli
