#include "parse_error.h"

#include <vector>

#include "nearest.h"

namespace passerelle::cli {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::string there_are_commands(const CLI::App& app) {
  std::string text;
  for (const std::string& name : command_names(app)) text += (text.empty() ? "there are " : ", ") + name;
  return text;
}

bool is_option(const std::string& argument) { return argument.size() > 1 && argument[0] == '-'; }

std::string no_such_option(const CLI::App& command, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& known : option->get_snames()) names.push_back("-" + known);
    for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
  }
  return "there is no option " + argument + did_you_mean(name, names);
}

/// "--min-api takes a whole number, not 'ten'", of CLI11's "Could not convert: --min-api = ten".
std::string not_a_number(const CLI::App& command, const std::string& message) {
  const size_t colon = message.find(": "), equals = message.find(" = ");
  if (colon == std::string::npos || equals == std::string::npos) return message;
  const std::string name = message.substr(colon + 2, equals - colon - 2), value = message.substr(equals + 3);
  const CLI::Option* option = command.get_option_no_throw(name);
  const bool whole = option != nullptr && option->get_type_name() == "N";
  const bool too_large = whole && !value.empty() && value.find_first_not_of("0123456789") == value.npos;
  if (too_large) return name + " " + value + ": the number is too large";
  return name + " takes " + (whole ? "a whole number" : "a number") + ", not '" + value + "'";
}

/// An option of one value that is there more than once; null where there is none.
const CLI::Option* given_too_often(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_items_expected_max() == 1 && option->count() > 1) return option;
  return nullptr;
}

}  // namespace

std::string no_such_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> meant = command_names(app);
  meant.insert(meant.end(), {"--version", "--help"});
  return "'" + name + "' is not a command; " + there_are_commands(app) + did_you_mean(name, meant);
}

std::string explain_arguments(const CLI::App& command, const CLI::ParseError& error) {
  for (const std::string& argument : command.remaining(true)) {
    if (argument == "--") continue;
    if (is_option(argument)) return no_such_option(command, argument);
    return "'" + argument + "' is one argument too many (a flag takes one value: repeat it for more)";
  }
  if (dynamic_cast<const CLI::ConversionError*>(&error)) return not_a_number(command, error.what());
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    if (const CLI::Option* option = given_too_often(command))
      return option->get_name(false, true) + " is given " + std::to_string(option->count()) +
             " times, and takes one value";
    const std::string what = error.what();
    return what.substr(0, what.find(':')) + " takes a value";
  }
  return error.what();
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  if (!app.get_subcommands().empty()) {
    const CLI::App& command = *app.get_subcommands().front();
    for (const std::string& argument : app.remaining())
      if (is_option(argument) && argument != "--")
        return argument + " stands before the command; options stand behind it: passerelle " + command.get_name() +
               " " + argument;
    return explain_arguments(command, error);
  }
  for (const std::string& argument : app.remaining(true)) {
    if (argument == "--") continue;
    return is_option(argument) ? no_such_option(app, argument) : no_such_command(app, argument);
  }
  return "a command is missing; " + there_are_commands(app);
}

}  // namespace passerelle::cli
