// The manual page and the completions of shells, made of the command line itself, so that they can't be out of date.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace passerelle::cli {

std::string manual_page(const CLI::App& app);  ///< roff, for man
std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace passerelle::cli
