#include "app.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "help.h"
#include "memory_limit.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::cli {
namespace {

constexpr const char* usage = "passerelle COMMAND [OPTION]... [FILE]...";
constexpr const char* examples =
    "Examples:\n"
    "  passerelle convert model.pt -o model.nnapi --input 1x3x224x224\n"
    "  passerelle verify model.pt model.nnapi\n"
    "  passerelle COMMAND --help, or passerelle help COMMAND\n"
    "      what a command does, with examples\n"
    "\n"
    "Exit status: 0 done, 1 a bug in passerelle, 2 wrong usage, 3 a file that can't be read, 4 a model\n"
    "that can't be converted, 5 verification found a difference, 6 NNAPI failed, 7 an output can't be\n"
    "written, 8 --timeout, 9 --memory-limit.";

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
  app.add_option("--threads", common.threads, "How many threads LibTorch may use. Default: its own choice")
      ->type_name("N")
      ->check([](const std::string& text) {
        const bool digits = text.size() <= 4 && text.find_first_not_of("0123456789") == text.npos;
        const int number = digits ? std::atoi(text.c_str()) : 0;
        return number >= 1 && number <= 1024 ? std::string() : "1 to 1024, not '" + text + "'";
      });
  app.add_option("--timeout", common.timeout,
                 "End with status 8 where it takes longer. Default: never; but reading and tracing a model may take "
                 "40 s of processor time, and 1 s more a MB of its files")
      ->type_name("SECONDS")
      ->check([](const std::string& text) {
        char* end = nullptr;
        const double seconds = std::strtod(text.c_str(), &end);
        const bool good = seconds > 0 && std::isfinite(seconds) && end == text.c_str() + text.size();
        return good ? std::string() : "seconds, a number more than 0, not '" + text + "'";
      });
  app.add_option("--memory-limit", common.memory_limit,
                 "End with status 9 where it takes more memory of its own, as 4G or 512M. Default: no limit")
      ->type_name("SIZE")
      ->check([](const std::string& text) {
        return parse_size(text) ? std::string() : "a number of bytes, or of K, M, G or T as in 4G, not '" + text + "'";
      });
  app.add_flag("--no-worker", common.without_worker,
               "Do it in this process, where a debugger sees it: a model that crashes LibTorch ends it by a signal");
  app.add_flag(
      "--no-sandbox", common.without_sandbox,
      "Keep the rights to write anywhere, to start programs and to use the network, which a model has no need of");
  app.add_flag("-v,--verbose", common.verbose, "Say on standard error what is being done");
  app.add_flag("-q,--quiet", common.quiet, "Say nothing on standard error but errors");
}

Action add_command(CLI::App& app, const Command& command, Common& common) {
  CLI::App* added = app.add_subcommand(command.name, command.summary);
  Action action = command.add(*added, common);
  add_common_options(*added, command, common);
  // A script's variable that is not set.
  for (CLI::Option* option : added->get_options())
    if (option->get_items_expected_max() > 0 && !option->get_positional())
      option->check([](const std::string& value) {
        return value.empty() ? std::string("its value is empty; give one, or leave the option out") : std::string();
      });
  added->formatter(std::make_shared<HelpFormatter>("passerelle " + std::string(command.name) + " " + command.usage));
  added->set_help_flag("-h,--help", "Print this help");
  added->footer("Examples:\n" + std::string(command.examples));
  // CLI11 shows one text in the list of subcommands and on a subcommand's own page; ours differ.
  added->preparse_callback([added, text = command.description](size_t) { added->description(text); });
  return action;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {convert_command(), check_command(),   run_command(), verify_command(),
                                           bench_command(),   inspect_command(), ops_command()};
  return all;
}

std::vector<std::string> written_folders(const CLI::App& command) {
  namespace files = std::filesystem;
  std::error_code ignored;  // what can't be written to is told by whoever tries to
  const auto place = [&](const char* name) {
    const CLI::Option* option = command.get_option_no_throw(name);
    const bool given = option != nullptr && option->count() > 0 && !is_standard_output(option->results().front());
    return given ? files::weakly_canonical(files::absolute(option->results().front(), ignored), ignored)
                 : files::path();
  };
  std::vector<std::string> folders;
  // A file is written beside its place and renamed; behind a link that is another folder.
  if (const files::path file = place("--output"); !file.empty()) folders.push_back(file.parent_path());
  for (const char* const option : {"--output-dir", "--reports"}) {
    files::path folder = place(option);
    while (!folder.empty() && !files::exists(folder, ignored) && folder != folder.root_path())
      folder = folder.parent_path();  // it is to be made there
    if (!folder.empty()) folders.push_back(folder);
  }
  if (!place("--per-layer").empty()) folders.push_back(files::temp_directory_path(ignored));
  return folders;
}

Actions build(CLI::App& app, Common& common) {
  app.formatter(std::make_shared<HelpFormatter>(usage));
  app.set_help_flag("-h,--help", "Print this help");
  auto version = [] {
    return "passerelle " PASSERELLE_VERSION " (LibTorch " + torchscript::Model::libtorch_version() + ")";
  };
  app.set_version_flag("-V,--version", version, "Print the versions of passerelle and of LibTorch");
  app.footer(examples);
  app.require_subcommand(1);
  Actions actions;
  for (const Command& command : commands()) actions.emplace_back(command.name, add_command(app, command, common));
  return actions;
}

}  // namespace passerelle::cli
