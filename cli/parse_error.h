// What is wrong with a command line, in a sentence.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace passerelle::cli {

/// CLI11 complains of what is missing before it looks at what is not understood; a person wants it the other way round.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace passerelle::cli
