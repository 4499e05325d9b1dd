#include "help.h"

#include "passerelle/report/table.h"

namespace passerelle::cli {
namespace {
constexpr size_t description_column = 30;
}

HelpFormatter::HelpFormatter(std::string usage) : usage_(std::move(usage)) {
  column_width(description_column);
  label("Positionals", "Arguments");
  label("Subcommands", "Commands");
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  std::string result;
  for (const std::string& line : report::wrapped(app->get_description(), report::text_width)) result += line + "\n";
  return result + "\n";
}

std::string HelpFormatter::make_usage(const CLI::App*, std::string) const { return "Usage: " + usage_ + "\n"; }

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_positional() || option->get_type_size() == 0 || option->get_type_name().empty()) return {};
  return " " + option->get_type_name();
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  if (option->get_required() && !option->get_positional()) text += " (required)";
  std::string result;
  for (const std::string& line : report::wrapped(text, report::text_width - description_column))
    result += (result.empty() ? "" : "\n") + line;
  return result;
}

}  // namespace passerelle::cli
