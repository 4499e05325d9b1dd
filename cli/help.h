// How --help looks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace passerelle::cli {

/// CLI11's layout, with a usage line of our own, descriptions wrapped to the width of a page, and examples at the end.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string usage);
  std::string make_description(const CLI::App* app) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;

 private:
  std::string usage_;
};

}  // namespace passerelle::cli
