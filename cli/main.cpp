// passerelle: parses the command line, runs the subcommand, prints what it found out.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "command.h"
#include "help.h"
#include "parse_error.h"
#include "passerelle/report/style.h"
#include "passerelle/report/words.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::cli {
namespace {

constexpr const char* description = "Carries a TorchScript model across to Android's Neural Networks API.";
constexpr const char* usage = "passerelle COMMAND [OPTION]... [FILE]...";
constexpr const char* examples =
    "Examples:\n"
    "  passerelle convert model.pt -o model.nnapi --input 1x3x224x224\n"
    "  passerelle verify model.pt model.nnapi\n"
    "  passerelle COMMAND --help\n"
    "      what a command does, with examples\n"
    "\n"
    "Exit status: 0 done, 1 a bug in passerelle, 2 wrong usage, 3 a file that can't be read, 4 a model\n"
    "that can't be converted, 5 verification found a difference, 6 NNAPI failed, 7 an output can't be\n"
    "written.";

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bug: return "bug";
    case ErrorKind::usage: return "usage";
    case ErrorKind::unreadable: return "unreadable";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::mismatch: return "mismatch";
    case ErrorKind::nnapi: return "nnapi";
    case ErrorKind::unwritable: return "unwritable";
  }
  return "";
}

Outcome outcome_of(const Error& error) {
  Outcome outcome;
  outcome.status = static_cast<int>(error.kind);
  outcome.complaint = "passerelle: " + error.message + "\n";
  outcome.json = {{"error", {{"kind", kind_name(error.kind)}, {"message", error.message}}}};
  return outcome;
}

/// On a terminal that can, unless the user said otherwise (no-color.org).
bool wants_colour(int descriptor) {
  const char* const terminal = std::getenv("TERM");
  const char* const refused = std::getenv("NO_COLOR");
  return ::isatty(descriptor) == 1 && (refused == nullptr || *refused == '\0') && terminal != nullptr &&
         std::string(terminal) != "dumb";
}

/// Results to standard output, complaints to standard error. Returns the exit status.
int print(const Outcome& outcome, const Common& common) {
  const auto shown = [](const std::string& text, int descriptor) {
    return report::rendered(report::printable(text), wants_colour(descriptor));
  };
  std::fputs(shown(outcome.complaint, STDERR_FILENO).c_str(), stderr);
  // File names and parameter names may hold any bytes: those that are not UTF-8 are replaced rather than refused.
  const bool json = common.format == "json" || common.format == "sarif";
  std::string result = json && !outcome.json.is_null()
                           ? outcome.json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                           : shown(outcome.text, STDOUT_FILENO);
  if (std::fwrite(result.data(), 1, result.size(), stdout) != result.size() || std::fflush(stdout) != 0) {
    std::fputs("passerelle: cannot write to standard output\n", stderr);
    return static_cast<int>(ErrorKind::unwritable);
  }
  return outcome.status;
}

void set_up_log(const Common& common) {
  auto logger = spdlog::stderr_color_mt("passerelle");
  logger->set_pattern("passerelle: %v");
  logger->set_level(common.verbose ? spdlog::level::debug : common.quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

Outcome run(const Action& action) {
  try {
    Expected<Outcome> outcome = action();
    return outcome ? *std::move(outcome) : outcome_of(outcome.error());
  } catch (const std::bad_alloc&) {
    return outcome_of({ErrorKind::bug, "out of memory: the model or its inputs are too large for this machine"});
  } catch (const std::exception& exception) {
    return outcome_of({ErrorKind::bug, "a bug in passerelle, please report it: " + std::string(exception.what())});
  }
}

void add_common_options(CLI::App& app, const Command& command, Common& common) {
  std::string formats;
  for (const std::string& format : command.formats)
    formats += (formats.empty() ? "" : &format == &command.formats.back() ? " or " : ", ") + format;
  app.add_option("--format", common.format, "How to print the result: " + formats)
      ->type_name("FORMAT")
      ->check([allowed = command.formats, formats](const std::string& format) {
        bool known = std::find(allowed.begin(), allowed.end(), format) != allowed.end();
        return known ? std::string() : "'" + format + "' is not " + formats;
      });
  app.add_flag("-v,--verbose", common.verbose, "Say on standard error what is being done");
  app.add_flag("-q,--quiet", common.quiet, "Say nothing on standard error but errors");
}

Action add_command(CLI::App& app, const Command& command, Common& common) {
  CLI::App* added = app.add_subcommand(command.name, command.summary);
  Action action = command.add(*added, common);
  add_common_options(*added, command, common);
  added->formatter(std::make_shared<HelpFormatter>("passerelle " + std::string(command.name) + " " + command.usage));
  added->set_help_flag("-h,--help", "Print this help");
  added->footer("Examples:\n" + std::string(command.examples));
  // CLI11 shows one text in the list of subcommands and on a subcommand's own page; ours differ.
  added->preparse_callback([added, text = command.description](size_t) { added->description(text); });
  return action;
}

int main(int argc, char** argv) {
  CLI::App app(description, "passerelle");
  app.formatter(std::make_shared<HelpFormatter>(usage));
  app.set_help_flag("-h,--help", "Print this help");
  auto version = [] {
    return "passerelle " PASSERELLE_VERSION " (LibTorch " + torchscript::Model::libtorch_version() + ")";
  };
  app.set_version_flag("--version", version, "Print the versions of passerelle and of LibTorch");
  app.footer(examples);
  app.require_subcommand(1);

  Common common;
  std::vector<std::pair<std::string, Action>> actions;
  for (const Command& command :
       {convert_command(), check_command(), run_command(), verify_command(), inspect_command(), ops_command()})
    actions.emplace_back(command.name, add_command(app, command, common));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::string at = app.get_subcommands().empty() ? "" : app.get_subcommands().front()->get_name() + " ";
    Outcome outcome = outcome_of({ErrorKind::usage, explain(app, error)});
    outcome.complaint += "Try: passerelle " + at + "--help\n";
    return print(outcome, Common{});  // which format was asked for is not known yet
  }
  set_up_log(common);
  for (const auto& [name, action] : actions)
    if (app.got_subcommand(name)) return print(run(action), common);
  return static_cast<int>(ErrorKind::bug);
}

}  // namespace
}  // namespace passerelle::cli

int main(int argc, char** argv) { return passerelle::cli::main(argc, argv); }
