#include "parse_error.h"

namespace passerelle::cli {
namespace {

std::string command_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

bool is_option(const std::string& argument) { return argument.size() > 1 && argument[0] == '-'; }

/// "--min-api = ten" of CLI11's "Could not convert: --min-api = ten".
std::string offender(const std::string& message) {
  size_t colon = message.find(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

}  // namespace

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  bool has_command = !app.get_subcommands().empty();
  for (const std::string& argument : app.remaining(true)) {
    if (argument == "--") continue;
    if (is_option(argument)) return "there is no option " + argument;
    if (!has_command) return "'" + argument + "' is not a command; there are " + command_names(app);
    return "'" + argument + "' is one argument too many (a flag takes one value: repeat it for more)";
  }
  if (!has_command) return "a command is missing; there are " + command_names(app);
  if (dynamic_cast<const CLI::ConversionError*>(&error)) return "not a number: " + offender(error.what());
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    const std::string what = error.what();
    return what.substr(0, what.find(':')) + " takes a value";
  }
  return error.what();
}

}  // namespace passerelle::cli
