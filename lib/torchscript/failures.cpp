#include "failures.h"

#include <c10/util/Exception.h>

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
  while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace passerelle::torchscript
