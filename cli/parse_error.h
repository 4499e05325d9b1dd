// What a command line that can't be parsed is answered with.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace passerelle::cli {

/// One sentence of ours in place of CLI11's. `app` has subcommands.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

/// The same of what stands behind a subcommand.
std::string explain_arguments(const CLI::App& command, const CLI::ParseError& error);

/// "'convrt' is not a command; there are convert, check, ...; did you mean convert?"
std::string no_such_command(const CLI::App& app, const std::string& name);

}  // namespace passerelle::cli
