// What main.cpp and the subcommands have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "passerelle/support/expected.h"

namespace passerelle::cli {

/// What a subcommand has found out. main.cpp alone prints it.
struct Outcome {
  int status = 0;                   ///< the exit status; not 0 where the result itself is bad news: see docs/cli.md
  std::string text;                 ///< for standard output, unless --format json
  std::string complaint;            ///< for standard error, whatever the format
  nlohmann::ordered_json json;      ///< for standard output with --format json
  std::vector<unsigned char> file;  ///< for standard output, in the text's place, which then goes to standard error
};

/// As the documents of --format json name an error.
inline const char* kind_name(ErrorKind kind) {
  constexpr const char* names[] = {"",         "bug",   "usage",      "unreadable", "unsupported",
                                   "mismatch", "nnapi", "unwritable", "timeout"};
  return names[static_cast<int>(kind)];
}

/// Of an option that names a file to write: "-", as scripts say it, and the names that systems have for it.
inline bool is_standard_output(const std::string& path) {
  return path == "-" || path == "/dev/stdout" || path == "/dev/fd/1" || path == "/proc/self/fd/1";
}

/// Options that every subcommand has.
struct Common {
  std::string format = "text";
  bool verbose = false;
  bool quiet = false;
  int threads = 0;           ///< LibTorch's; 0: its own choice
  double timeout = 0;        ///< seconds; 0: none
  std::string memory_limit;  ///< "4G"; empty: none
  bool without_worker = false;
  bool without_sandbox = false;
};

/// Runs a subcommand after its arguments were parsed. An Error becomes a sentence and the exit status of its kind.
using Action = std::function<Expected<Outcome>()>;

/// One subcommand: a row of the table in app.cpp.
struct Command {
  const char* name;
  const char* summary;      ///< one line, for the list of subcommands
  const char* usage;        ///< what follows the name on a command line
  const char* description;  ///< what it does
  const char* examples;     ///< command lines with a word on each
  std::vector<std::string> formats;
  /// Adds the options of its own. `common` is filled in when the action runs.
  Action (*add)(CLI::App& app, const Common& common);
};

// One file each: convert.cpp, check.cpp, ...
Command convert_command();
Command check_command();
Command run_command();
Command verify_command();
Command bench_command();
Command inspect_command();
Command ops_command();

}  // namespace passerelle::cli
