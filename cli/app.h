// The command line as a whole: for main.cpp, and for the pages that are made of it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "command.h"

namespace passerelle::cli {

/// All subcommands, in the order of --help.
const std::vector<Command>& commands();

using Actions = std::vector<std::pair<std::string, Action>>;
/// Adds every subcommand and option. `common` is filled in by parsing; both must outlive the actions.
Actions build(CLI::App& app, Common& common);

/// Where a command line that was parsed has its subcommand write.
std::vector<std::string> written_folders(const CLI::App& command);

}  // namespace passerelle::cli
