#include "declarations.h"

#include <algorithm>
#include <functional>

#include "foreign/operators.h"
#include "interpreter/allowed_operators.h"
#include "interpreter/operator_rules.h"

namespace passerelle::torchscript {
namespace {

constexpr size_t most_classes = 20'000;
constexpr uint64_t most_fields = 100'000;  // of a NamedTuple, those of the NamedTuples in it counted

bool is_name(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_' || character == '.';
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  const size_t end = text.find_last_not_of(" \t\r");
  return end == text.npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

/// The names in a type: "Optional[__torch__.A]" has two.
std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  for (size_t at = 0; at < text.size();) {
    const auto begin = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_name);
    const auto end = std::find_if_not(begin, text.end(), is_name);
    if (begin != end) names.emplace_back(begin, end);
    at = static_cast<size_t>(end - text.begin());
  }
  return names;
}

/// ["a", "b"] → a, b
std::set<std::string> strings_in(std::string_view text) {
  std::set<std::string> strings;
  for (size_t open = text.find('"'); open != text.npos; open = text.find('"', open + 1)) {
    const size_t close = text.find('"', open + 1);
    if (close == text.npos) break;
    strings.emplace(text.substr(open + 1, close - open - 1));
    open = close;
  }
  return strings;
}

/// What is called in it: "(self).a(b.c(x))" has a and c.
std::set<std::string> calls_in(const std::string& body) {
  std::set<std::string> names;
  for (size_t open = body.find('('); open != body.npos; open = body.find('(', open + 1)) {
    size_t begin = open;
    while (begin > 0 && is_name(body[begin - 1]) && body[begin - 1] != '.') --begin;
    if (begin < open) names.insert(body.substr(begin, open - begin));
  }
  return names;
}

/// A loop that may not end, or not for long.
bool loops_long(const std::string& body) {
  constexpr size_t digits = 6;
  for (size_t line = 0; line < body.size(); line = std::min(body.find('\n', line), body.size() - 1) + 1) {
    if (body.compare(line, 6, "while ") == 0) return true;
    const size_t range = body.compare(line, 4, "for ") == 0 ? body.find("range(", line) : body.npos;
    const size_t end = body.find('\n', line);
    if (range == body.npos || range > end) continue;
    size_t count = 0;
    for (size_t i = range; i < std::min(end, body.size()); ++i) {
      count = std::isdigit(static_cast<unsigned char>(body[i])) != 0 ? count + 1 : 0;
      if (count > digits) return true;
    }
  }
  return false;
}

}  // namespace

void Declarations::read_line(std::string_view line, Class& into) {
  if (line.substr(0, 4) == "def ") {
    into.methods.emplace(line.substr(4, line.find('(') - 4));
    return;
  }
  const size_t sign = line.find_first_of(":=");
  if (sign == line.npos) return;
  const std::string_view name = trimmed(line.substr(0, sign)), rest = trimmed(line.substr(sign + 1));
  if (line[sign] == ':') {
    for (std::string& type : names_in(rest)) into.types.push_back(std::move(type));
  } else if (name == "__forward_hooks__" || name == "__forward_pre_hooks__") {
    into.hooks.merge(strings_in(rest));
  } else {
    into.values.emplace(rest);
  }
}

void Declarations::read(std::string_view code, const std::string& module) {
  Class* current = nullptr;
  std::vector<std::string>* bodies = nullptr;  // the last one is open
  const auto open_body = [&](std::string_view text) {
    if (text.substr(0, 4) != "def ") return;
    bodies = &bodies_[std::string(text.substr(4, text.find('(') - 4))];
    bodies->emplace_back();
  };
  size_t indentation = 0;  // of the class's body; 0: not known yet
  while (!code.empty()) {
    const std::string_view line = code.substr(0, code.find('\n'));
    code.remove_prefix(std::min(line.size() + 1, code.size()));
    const std::string_view text = trimmed(line);
    if (text.empty()) continue;
    const auto blanks = static_cast<size_t>(text.data() - line.data());
    if (blanks == 0) {
      current = nullptr;
      bodies = nullptr;
      indentation = 0;
      open_body(text);
      if (text.substr(0, 6) != "class ") continue;
      const size_t open = text.find('('), close = text.find(')');
      if (open == text.npos || close == text.npos || close < open) continue;
      current = &classes_[module + std::string(trimmed(text.substr(6, open - 6)))];
      current->base = trimmed(text.substr(open + 1, close - open - 1));
      continue;
    }
    if (current != nullptr && indentation == 0) indentation = blanks;
    if (current != nullptr && blanks == indentation) {
      read_line(text, *current);
      bodies = nullptr;
      open_body(text);
    } else if (bodies != nullptr) {
      bodies->back().append(text).append("\n");
    }
  }
}

/// LibTorch runs __setstate__ while it reads the archive, before anybody can look at what it runs. What it calls is
/// found by its name, in whatever class.
std::optional<std::string> Declarations::flaw_in_state() const {
  std::set<std::string> seen{"__setstate__"};
  for (std::vector<std::string> waiting{"__setstate__"}; !waiting.empty();) {
    const auto named = bodies_.find(waiting.back());
    waiting.pop_back();
    if (named == bodies_.end()) continue;
    for (const std::string& body : named->second) {
      if (loops_long(body)) return "has a __setstate__ that loops, or calls what loops";
      for (const std::string& op : operators_named_in(body))
        if (op.compare(0, 6, "prim::") != 0 && !is_allowed(op) && !is_ignored(op))
          return "has a __setstate__ that calls " + op + ", which is not on the list of what may run";
      for (const std::string& call : calls_in(body))
        if (seen.insert(call).second) waiting.push_back(call);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Declarations::flaw() const {
  if (auto flaw = flaw_in_state()) return flaw;
  if (classes_.size() > most_classes) return "has more than " + std::to_string(most_classes) + " classes";
  for (const auto& [name, each] : classes_)
    for (const std::string& hook : each.hooks)
      if (each.methods.count(hook) == 0) return "has a class, " + name + ", with a hook that it lacks, '" + hook + "'";
  std::map<std::string, uint64_t> sizes;
  const std::function<uint64_t(const std::string&)> size = [&](const std::string& name) -> uint64_t {
    const auto found = classes_.find(name);
    if (found == classes_.end() || found->second.base != "NamedTuple") return 1;
    const auto [known, is_new] = sizes.emplace(name, 1);  // one that holds itself is refused by LibTorch
    if (!is_new) return known->second;
    uint64_t sum = 1;
    for (const std::string& type : found->second.types) sum = std::min(sum + size(type), most_fields + 1);
    return sizes[name] = sum;
  };
  for (const auto& [name, each] : classes_)
    if (size(name) > most_fields)
      return "has a NamedTuple, " + name + ", that stands for more than " + std::to_string(most_fields) + " values";
  return std::nullopt;
}

const std::set<std::string>* Declarations::enum_values(const std::string& name) const {
  const auto found = classes_.find(name);
  return found == classes_.end() || found->second.base != "Enum" ? nullptr : &found->second.values;
}

}  // namespace passerelle::torchscript
