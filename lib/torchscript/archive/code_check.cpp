#include "code_check.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace passerelle::torchscript {
namespace {

// An expression of 20,000 levels takes LibTorch 1.13 to the end of a stack of 8 MB.
constexpr uint32_t deepest_expression = 1000;
constexpr uint32_t deepest_block = 200;
constexpr uint32_t longest_chain_of_branches = 500;  // each elif is an if in the else of the one before

bool is_word(char character) { return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_'; }

/// Reads a file token by token. An expression is at most as deep as there are brackets around a place, and operators
/// since the last comma within each of them.
class Nesting {
 public:
  explicit Nesting(std::string_view code) : code_(code) {}

  std::optional<std::string> flaw() {
    while (at_ < code_.size()) {
      step();
      if (depth_ > deepest_expression) return says("an expression nested too deeply");
      if (blocks_.size() > deepest_block) return says("blocks nested too deeply");
      if (branches_ > longest_chain_of_branches) return says("too many branches in a row");
    }
    return std::nullopt;
  }

 private:
  std::string says(const std::string& what) const { return "has " + what + " (line " + std::to_string(line_) + ")"; }

  void step() {
    const char character = code_[at_];
    if (character == '\n') return end_line();
    if (character == '#' && code_.substr(at_, 7) != "# type:") return skip_to('\n');
    if (character == '\\') return skip_continuation();
    if (character == '"' || character == '\'') return skip_string(character);
    if (is_word(character)) return word();
    ++at_;
    switch (character) {
      case ' ':
      case '\t':
      case '\r': return;
      case '(':
      case '[':
      case '{':
        counts_.push_back(0);
        ++depth_;
        return;
      case ')':
      case ']':
      case '}':
        if (counts_.size() > 1) {
          depth_ -= counts_.back();  // the bracket stays counted: f()()()
          counts_.pop_back();
          ++counts_.back();
        }
        return;
      case ',':
        depth_ -= counts_.back();
        counts_.back() = 0;
        return;
      default: ++counts_.back(); ++depth_;
    }
  }

  void word() {
    const size_t begin = at_;
    while (at_ < code_.size() && is_word(code_[at_])) ++at_;
    const std::string_view found = code_.substr(begin, at_ - begin);
    for (std::string_view operation : {"not", "and", "or", "if", "else", "in", "is", "lambda"}) {
      if (found != operation) continue;
      ++counts_.back();
      ++depth_;
    }
    if (found == "elif") ++branches_;
    if (found == "def") branches_ = 0;
  }

  void end_line() {
    ++line_;
    ++at_;
    if (counts_.size() > 1) return;  // within brackets
    counts_.back() = depth_ = 0;
    size_t indentation = 0;
    while (at_ < code_.size() && (code_[at_] == ' ' || code_[at_] == '\t')) ++at_, ++indentation;
    if (at_ == code_.size() || code_[at_] == '\n') return;
    while (!blocks_.empty() && blocks_.back() >= indentation) blocks_.pop_back();
    if (indentation > 0) blocks_.push_back(indentation);
  }

  void skip_to(char end) {
    while (at_ < code_.size() && code_[at_] != end) ++at_;
  }

  void skip_continuation() {
    if (code_.substr(at_, 2) == "\\\n") ++line_, ++at_;
    ++at_;
  }

  void skip_string(char quote) {
    const std::string_view triple = code_.substr(at_, 3);
    const bool is_long = triple.size() == 3 && triple[1] == quote && triple[2] == quote;
    at_ += is_long ? 3 : 1;
    for (; at_ < code_.size(); ++at_) {
      if (code_[at_] == '\n') {
        if (!is_long) return;
        ++line_;
      }
      if (code_[at_] == '\\') {
        ++at_;
      } else if (code_[at_] == quote && (!is_long || code_.substr(at_, 3) == triple)) {
        at_ += is_long ? 3 : 1;
        return;
      }
    }
    at_ = code_.size();
  }

  std::string_view code_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  std::vector<uint32_t> counts_{0};  // operators since the last comma, for each bracket that is open
  uint32_t depth_ = 0;               // all of them, and the brackets
  std::vector<size_t> blocks_;       // the indentation of each block that is open
  uint32_t branches_ = 0;
};

std::string_view word_at(std::string_view text) {
  return text.substr(0, std::find_if_not(text.begin(), text.end(), is_word) - text.begin());
}

std::string_view without_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// A line of a class's body: `name : Type`, `name : Final[int] = 3`, `__parameters__ = [...]` are known.
bool lacks_type(std::string_view line) {
  const std::string_view name = word_at(line);
  const std::string_view rest = without_blanks(line.substr(name.size()));
  if (name.empty() || name == "__annotations__") return false;
  for (std::string_view list : {"__parameters__", "__buffers__", "__forward_hooks__", "__forward_pre_hooks__"})
    if (name == list) return rest.substr(0, 1) != "=" || without_blanks(rest.substr(1)).substr(0, 1) != "[";
  return rest.substr(0, 1) == "=";
}

std::optional<std::string> flaw_in_classes(std::string_view code) {
  bool in_class = false;
  size_t indentation = 0;  // of the class's body; 0: not known yet
  uint32_t number = 0;
  while (!code.empty()) {
    const std::string_view line = code.substr(0, code.find('\n'));
    code.remove_prefix(std::min(line.size() + 1, code.size()));
    ++number;
    const std::string_view text = without_blanks(line);
    if (text.empty()) continue;
    const size_t blanks = line.size() - text.size();
    if (blanks == 0) {
      in_class = text.substr(0, 6) == "class " && text.find("(Enum)") == text.npos;
      indentation = 0;
    } else if (in_class) {
      if (indentation == 0) indentation = blanks;
      if (blanks == indentation && lacks_type(text))
        return "has a class with an attribute without a type (line " + std::to_string(number) + ")";
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> flaw_in_code(std::string_view code) {
  if (auto flaw = Nesting(code).flaw()) return flaw;
  return flaw_in_classes(code);
}

}  // namespace passerelle::torchscript
