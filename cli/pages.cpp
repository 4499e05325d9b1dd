#include "pages.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "app.h"

namespace passerelle::cli {
namespace {

/// An option of a subcommand, as a shell wants to know it.
struct Flag {
  std::vector<std::string> names;  ///< "-o", "--output"
  std::string value;               ///< "FILE", "" for none
  std::string words;
  std::vector<std::string> choices;  ///< of the value, where it is one of few
};

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const Command& command_of(const CLI::App& subcommand) {
  return *std::find_if(commands().begin(), commands().end(),
                       [&](const Command& command) { return command.name == subcommand.get_name(); });
}

std::vector<Flag> flags_of(const CLI::App& app, const std::vector<std::string>& formats) {
  std::vector<Flag> flags;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    Flag flag;
    for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) flag.names.push_back("--" + name);
    const bool takes_value = option->get_items_expected_max() > 0;
    if (takes_value) flag.value = option->get_type_name().empty() ? "VALUE" : option->get_type_name();
    flag.words = option->get_description();
    if (option->check_lname("format")) flag.choices = formats;
    flags.push_back(std::move(flag));
  }
  return flags;
}

bool takes_file(const std::string& value) {
  return value.find('.') != std::string::npos || value == "FILE" || value == "SPEC" || value == "DIR";
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

/// Text for roff: hyphens that are typed, and no line that begins with a control character.
std::string roff(const std::string& text) {
  std::string result = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result = "\\&" + result;
  return result;
}

std::string roff_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) result += roff(line) + "\n";
  return result;
}

std::string roff_flags(const std::vector<Flag>& flags) {
  std::string result;
  for (const Flag& flag : flags) {
    result += ".TP\n";
    std::string names;
    for (const std::string& name : flag.names) names += (names.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
    result += names + (flag.value.empty() ? "" : " \\fI" + roff(flag.value) + "\\fR") + "\n" + roff(flag.words) + "\n";
  }
  return result;
}

std::string quoted(const std::string& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }

std::string joined(const std::vector<std::string>& words, const std::string& between = " ") {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : between) + word;
  return result;
}

std::string command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* subcommand : subcommands(app)) names.push_back(subcommand->get_name());
  return joined(names);
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  std::string page =
      ".\\\" Made of the command line itself by passerelle-pages.\n"
      ".TH PASSERELLE 1 \"\" \"passerelle " PASSERELLE_VERSION
      "\" \"User Commands\"\n"
      ".SH NAME\npasserelle \\- carry a TorchScript model across to Android's Neural Networks API\n"
      ".SH SYNOPSIS\n";
  for (const CLI::App* subcommand : subcommands(app))
    page += ".B passerelle " + subcommand->get_name() + "\n" + roff(command_of(*subcommand).usage) + "\n.br\n";
  page += ".SH DESCRIPTION\n" + roff(app.get_description()) + "\n.SH COMMANDS\n";
  for (const CLI::App* subcommand : subcommands(app)) {
    const Command& command = command_of(*subcommand);
    page += ".SS " + subcommand->get_name() + "\n" + roff(command.description) + "\n";
    page += roff_flags(flags_of(*subcommand, command.formats));
    page += ".PP\nExamples:\n.nf\n" + roff_lines(command.examples) + ".fi\n";
  }
  page += ".SH EXIT STATUS\n";
  const char* const statuses[] = {"done",
                                  "a bug in passerelle, or not enough memory",
                                  "wrong usage",
                                  "a file that can't be read",
                                  "the model can't be converted",
                                  "verification found a difference",
                                  "NNAPI is missing, refused or failed",
                                  "an output can't be written",
                                  "it took longer than --timeout, or far longer than a model of its size should",
                                  "it took more memory than --memory-limit"};
  int status = 0;
  for (const char* words : statuses) page += ".TP\n.B " + std::to_string(status++) + "\n" + roff(words) + "\n";
  return page;
}

std::string bash_completion(const CLI::App& app) {
  std::string text =
      "# Completion of passerelle for bash. Made of the command line itself by passerelle-pages.\n"
      "_passerelle() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    [[ ${COMP_WORDS[i]} != -* ]] && { command=${COMP_WORDS[i]}; break; }\n"
      "  done\n"
      "  case $command in\n"
      "    help) COMPREPLY=($(compgen -W \"" +
      command_names(app) + "\" -- \"$word\")) ;;\n";
  for (const CLI::App* subcommand : subcommands(app)) {
    std::vector<std::string> names, plain;
    text += "    " + subcommand->get_name() + ")\n";
    for (const Flag& flag : flags_of(*subcommand, command_of(*subcommand).formats)) {
      names.insert(names.end(), flag.names.begin(), flag.names.end());
      if (!flag.choices.empty())
        text += "      [[ $previous == " + joined(flag.names, " || $previous == ") +
                " ]] && { COMPREPLY=($(compgen -W \"" + joined(flag.choices) + "\" -- \"$word\")); return; }\n";
      else if (!flag.value.empty() && !takes_file(flag.value))
        plain.insert(plain.end(), flag.names.begin(), flag.names.end());
    }
    if (!plain.empty()) text += "      case $previous in " + joined(plain, "|") + ") return ;; esac\n";
    text += "      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W \"" + joined(names) +
            "\" -- \"$word\")); else compopt -o default; COMPREPLY=(); fi ;;\n";
  }
  return text + "    *) COMPREPLY=($(compgen -W \"" + command_names(app) +
         " help --help --version\" -- \"$word\")) ;;\n  esac\n}\ncomplete -F _passerelle passerelle\n";
}

std::string zsh_completion(const CLI::App& app) {
  const auto words = [](const std::string& text) {
    return replaced(replaced(replaced(text.substr(0, 90), "[", "("), "]", ")"), ":", "\\:");
  };
  std::string text =
      "#compdef passerelle\n# Made of the command line itself by passerelle-pages.\n"
      "local -a commands\ncommands=(\n";
  for (const CLI::App* subcommand : subcommands(app))
    text += "  " + quoted(subcommand->get_name() + ":" + words(command_of(*subcommand).summary)) + "\n";
  text +=
      ")\nif (( CURRENT == 2 )); then\n  _describe command commands\n  _arguments --help --version\n  return\nfi\n"
      "local command=$words[2]\nif [[ $command == help ]]; then _describe command commands; return; fi\nshift "
      "words\n(( CURRENT-- ))\ncase $command in\n";
  for (const CLI::App* subcommand : subcommands(app)) {
    text += subcommand->get_name() + ")\n  _arguments -S";
    for (const Flag& flag : flags_of(*subcommand, command_of(*subcommand).formats)) {
      std::string value;
      if (!flag.choices.empty())
        value = ":" + words(flag.value) + ":(" + joined(flag.choices) + ")";
      else if (!flag.value.empty())
        value = ":" + words(flag.value) + ":" + (takes_file(flag.value) ? "_files" : "");
      for (const std::string& name : flag.names)
        text += " \\\n    " + quoted("*" + name + "[" + words(flag.words) + "]" + value);
    }
    text += " \\\n    '*:file:_files' ;;\n";
  }
  return text + "esac\n";
}

std::string fish_completion(const CLI::App& app) {
  std::string text =
      "# Completion of passerelle for fish. Made of the command line itself by passerelle-pages.\n"
      "complete -c passerelle -n __fish_use_subcommand -f -l help -s h -d 'Print this help'\n"
      "complete -c passerelle -n __fish_use_subcommand -f -l version -s V -d 'Print the versions'\n"
      "complete -c passerelle -n __fish_use_subcommand -f -a help -d 'What a command does'\n"
      "complete -c passerelle -n '__fish_seen_subcommand_from help' -f -a " +
      quoted(command_names(app)) + "\n";
  const auto words = [](const std::string& text) { return quoted(replaced(text.substr(0, 90), "'", "’")); };
  for (const CLI::App* subcommand : subcommands(app)) {
    const Command& command = command_of(*subcommand);
    text += "complete -c passerelle -n __fish_use_subcommand -f -a " + subcommand->get_name() + " -d " +
            words(command.summary) + "\n";
    for (const Flag& flag : flags_of(*subcommand, command.formats)) {
      text += "complete -c passerelle -n '__fish_seen_subcommand_from " + subcommand->get_name() + "'";
      for (const std::string& name : flag.names)
        text += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!flag.choices.empty())
        text += " -x -a " + quoted(joined(flag.choices));
      else if (!flag.value.empty())
        text += takes_file(flag.value) ? " -r" : " -x";
      text += " -d " + words(flag.words) + "\n";
    }
  }
  return text;
}

}  // namespace passerelle::cli
