// What an archive's classes declare, as far as LibTorch believes it: read from the code, before it compiles that.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace passerelle::torchscript {

class Declarations {
 public:
  /// Those of one file of code. `module` is its name with a full stop behind it: "__torch__.models.".
  void read(std::string_view code, const std::string& module);

  /// What LibTorch would crash on, or be busy with without end, in words that follow "the archive's code".
  std::optional<std::string> flaw() const;

  /// The values of an enum, as they are written in the code; null where there is none of that name.
  const std::set<std::string>* enum_values(const std::string& name) const;

 private:
  struct Class {
    std::string base;
    std::vector<std::string> types;  ///< of the attributes: names of other classes, as often as they are named
    std::set<std::string> values;    ///< of an enum
    std::set<std::string> hooks, methods;
  };
  static void read_line(std::string_view line, Class& into);
  std::optional<std::string> flaw_in_state() const;

  std::map<std::string, Class> classes_;
  std::map<std::string, std::vector<std::string>> bodies_;  ///< of functions and methods, by their names without paths
};

}  // namespace passerelle::torchscript
