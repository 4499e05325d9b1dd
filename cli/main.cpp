// passerelle: parses the command line, runs the subcommand, prints what it found out.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "app.h"
#include "deadline.h"
#include "memory_limit.h"
#include "parse_error.h"
#include "passerelle/report/style.h"
#include "passerelle/report/words.h"
#include "passerelle/support/interruption.h"
#include "passerelle/torchscript/model.h"
#include "progress.h"
#include "sandbox.h"
#include "work_limit.h"
#include "worker.h"

namespace passerelle::cli {
namespace {

constexpr const char* description = "Carries a TorchScript model across to Android's Neural Networks API.";

Outcome outcome_of(const Error& error) {
  Outcome outcome;
  outcome.status = static_cast<int>(error.kind);
  outcome.complaint = "passerelle: " + error.message + "\n";
  outcome.json = {{"error", {{"kind", kind_name(error.kind)}, {"message", error.message}}}};
  return outcome;
}

/// A status that no Error has: what is beyond the limit ends at once, wherever it is.
Outcome beyond_limit(const std::string& message) {
  Outcome outcome;
  outcome.status = memory_status;
  outcome.complaint = "passerelle: " + message + "\n";
  outcome.json = {{"error", {{"kind", "memory"}, {"message", message}}}};
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
  if (!outcome.file.empty() && !common.quiet) std::fputs(shown(outcome.text, STDERR_FILENO).c_str(), stderr);
  // File names and parameter names may hold any bytes: those that are not UTF-8 are replaced rather than refused.
  const bool json = common.format == "json" || common.format == "sarif";
  std::string result;
  if (!outcome.file.empty())
    result.assign(outcome.file.begin(), outcome.file.end());
  else if (json && !outcome.json.is_null())
    result = outcome.json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  else
    result = shown(outcome.text, STDOUT_FILENO);
  if (std::fwrite(result.data(), 1, result.size(), stdout) != result.size() || std::fflush(stdout) != 0) {
    std::fputs("passerelle: cannot write to standard output\n", stderr);
    return static_cast<int>(ErrorKind::unwritable);
  }
  return outcome.status;
}

/// Stages are logged as debug messages: with -v they are lines, else, on a terminal, what the progress line says.
std::shared_ptr<ProgressSink> set_up_log(const Common& common) {
  auto lines = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  lines->set_level(common.verbose ? spdlog::level::debug : common.quiet ? spdlog::level::err : spdlog::level::info);
  auto logger = std::make_shared<spdlog::logger>("passerelle", lines);
  std::shared_ptr<ProgressSink> progress;
  if (!common.verbose && !common.quiet && wants_colour(STDERR_FILENO)) {
    progress = std::make_shared<ProgressSink>();
    logger->sinks().push_back(progress);
  }
  logger->set_pattern("passerelle: %v");
  logger->set_level(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  return progress;
}

Outcome run(const Action& action) {
  try {
    Expected<Outcome> outcome = action();
    return outcome ? *std::move(outcome) : outcome_of(outcome.error());
  } catch (const std::bad_alloc&) {
    end_beyond_limit();
    return outcome_of({ErrorKind::bug, "out of memory: the model or its inputs are too large for this machine"});
  } catch (const std::exception& exception) {
    return outcome_of({ErrorKind::bug, "a bug in passerelle, please report it: " + std::string(exception.what())});
  }
}

/// A command line that can't be parsed. Which format was asked for is not known yet.
int refuse(const CLI::App& app, const std::string& sentence) {
  std::string at = app.get_subcommands().empty() ? "" : app.get_subcommands().front()->get_name() + " ";
  Outcome outcome = outcome_of({ErrorKind::usage, sentence});
  outcome.complaint += "Try: passerelle " + at + "--help\n";
  return print(outcome, Common{});
}

int main(int argc, char** argv) {
  CLI::App app(description, "passerelle");
  Common common;
  const Actions actions = build(app, common);
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments[0] == "help") {  // "help convert" is "convert --help"
    arguments.erase(arguments.begin());
    const auto is_meant = [&](const CLI::App* command) { return command->get_name() == arguments[0]; };
    if (!arguments.empty() && arguments[0][0] != '-' && app.get_subcommands(is_meant).empty())
      return refuse(app, no_such_command(app, arguments[0]));
    arguments.resize(std::min<size_t>(arguments.size(), 1));
    arguments.emplace_back("--help");
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return refuse(app, explain(app, error));
  }
  if (!common.without_worker) {
    const auto ended = supervise([&](const Error& error) { return print(outcome_of(error), common); });
    if (ended) return *ended;
  }
  end_cleanly_on_signals();
  if (!common.without_sandbox) give_up_rights(written_folders(*app.get_subcommands().front()));
  const std::shared_ptr<ProgressSink> progress = set_up_log(common);
  if (common.threads > 0) torchscript::Model::use_threads(common.threads);
  for (const auto& [name, action] : actions) {
    if (!app.got_subcommand(name)) continue;
    Outcome outcome;
    {
      const Deadline deadline(common.timeout, [&](const Error& error) { return print(outcome_of(error), common); });
      // A benchmark runs the model for as long as it was asked to.
      const bool limits_itself = common.timeout > 0 || name == "bench";
      const double work = limits_itself ? 0 : work_allowed({argv + 1, argv + argc});
      const WorkLimit work_limit(work, [&](const Error& error) { return print(outcome_of(error), common); });
      if (const auto limit = parse_size(common.memory_limit))
        limit_memory(*limit, [&](const std::string& message) { return print(beyond_limit(message), common); });
      outcome = run(action);
    }
    if (progress) progress->finish();
    return print(outcome, common);
  }
  return static_cast<int>(ErrorKind::bug);
}

}  // namespace
}  // namespace passerelle::cli

int main(int argc, char** argv) { return passerelle::cli::main(argc, argv); }
