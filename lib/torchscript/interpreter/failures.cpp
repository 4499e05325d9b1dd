#include "failures.h"

#include <c10/util/Exception.h>

#include <cctype>
#include <string_view>

namespace passerelle::torchscript {
namespace {

std::string_view line_of(std::string_view text) { return text.substr(0, text.find('\n')); }

std::string_view without_prefix(std::string_view line) {
  // Python's exception class, where the TorchScript interpreter put one before the message.
  for (std::string_view prefix : {"RuntimeError: ", "torch.jit.Error: ", "AssertionError: "})
    if (line.substr(0, prefix.size()) == prefix) line.remove_prefix(prefix.size());
  return line;
}

/// How much of a line to show: its first sentence, and as many more as fit in a moderate length. What comes behind is
/// advice to LibTorch's own developers and lists of backends.
size_t first_sentences(std::string_view line) {
  constexpr size_t moderate = 200;
  if (line.size() <= moderate) return line.size();
  size_t shown = line.size();
  for (size_t at = line.find(". "); at != line.npos; at = line.find(". ", at + 1)) {
    if (at + 2 >= line.size() || std::isupper(static_cast<unsigned char>(line[at + 2])) == 0) continue;
    if (shown != line.size() && at + 1 > moderate) break;
    shown = at + 1;
  }
  return shown;
}

}  // namespace

std::string first_line(const std::exception& exception) {
  const auto* c10_error = dynamic_cast<const c10::Error*>(&exception);
  std::string text = c10_error != nullptr ? c10_error->what_without_backtrace() : exception.what();
  std::string_view rest = text;
  // The interpreter's own messages end with the original one: "... RuntimeError: message".
  if (rest.find("The following operation failed in the TorchScript interpreter") == 0) {
    const size_t last = rest.rfind("Error: ");
    if (last != rest.npos) {
      const size_t line_begin = rest.rfind('\n', last);
      rest = rest.substr(line_begin == rest.npos ? 0 : line_begin + 1);
    }
  }
  while (!rest.empty() && rest.front() == '\n') rest.remove_prefix(1);
  std::string line(without_prefix(line_of(rest)));
  line.resize(first_sentences(line));
  while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace passerelle::torchscript
