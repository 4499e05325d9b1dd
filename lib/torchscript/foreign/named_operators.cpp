#include <cctype>

#include "operators.h"

namespace passerelle::torchscript {
namespace {

bool is_word(char character) { return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_'; }

/// The names between dots that begin here: "torch.nn" is two. What follows them stays in `rest`.
std::string_view dotted_name(std::string_view& rest) {
  size_t end = 0;
  while (end < rest.size() && (is_word(rest[end]) || rest[end] == '.')) ++end;
  const std::string_view name = rest.substr(0, end);
  rest.remove_prefix(end);
  return name;
}

/// Nothing for a name of something else.
std::string operator_of(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == name.npos) return {};
  const std::string_view first = name.substr(0, dot);
  const std::string rest(name.substr(dot + 1));
  const size_t second = rest.find('.');
  if (first == "torch" && second == rest.npos) return "aten::" + rest;
  if (first != "ops" || second == rest.npos || rest.find('.', second + 1) != rest.npos) return {};
  return rest.substr(0, second) + "::" + rest.substr(second + 1);
}

}  // namespace

std::set<std::string> operators_named_in(std::string_view code) {
  std::set<std::string> ops;
  while (!code.empty()) {
    if (!is_word(code.front())) {
      code.remove_prefix(1);
      continue;
    }
    const std::string_view name = dotted_name(code);
    if (code.substr(0, 1) != "(") continue;
    if (std::string op = operator_of(name); !op.empty()) ops.insert(std::move(op));
  }
  return ops;
}

}  // namespace passerelle::torchscript
