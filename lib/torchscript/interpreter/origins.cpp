#include "origins.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>

namespace passerelle::torchscript {
namespace {

using graph::SourceLocation;
using torch::jit::SourceRange;

constexpr std::string_view libtorch_folders[] = {
    "nn/",           "jit/",           "ao/",
    "quantization/", "autograd/",      "fx/",
    "utils/",        "functional.py",  "_jit_internal.py",
    "_tensor.py",    "tensor.py",      "_VF.py",
    "overrides.py",  "distributions/", "fft/",
    "linalg/",       "special/",       "cuda/",
    "amp/",
};

// "file.py(12): function", a line of the stack that torch.jit.trace keeps.
std::optional<SourceLocation> stack_frame(std::string_view line) {
  const size_t close = line.find("): ");
  if (close == line.npos) return std::nullopt;
  const size_t open = line.rfind('(', close);
  if (open == line.npos || open == 0) return std::nullopt;
  const std::string digits(line.substr(open + 1, close - open - 1));
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  return SourceLocation{std::string(line.substr(0, open)), std::atoi(digits.c_str())};
}

std::vector<SourceLocation> traced_stack(const std::string& text) {
  std::vector<SourceLocation> frames;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto frame = stack_frame(std::string_view(text).substr(begin, end - begin));
    // What called torch.jit.trace has no part in the model.
    if (!frame || frame->file.find("torch/jit/_trace.py") != std::string::npos) break;
    frames.push_back(*frame);
    begin = end + 1;
  }
  return frames;
}

std::optional<SourceLocation> location(const SourceRange& range) {
  const auto place = range.file_line_col();
  if (!place) return std::nullopt;
  return SourceLocation{std::get<0>(*place), static_cast<int>(std::get<1>(*place))};
}

struct Frames {
  std::vector<SourceLocation> locations;
  bool whole_stack = false;  // the callers are among them
};

/// Of a source that may have thousands of lines, each a piece of its own.
std::string_view first_line(const torch::jit::Source& source) {
  const auto& text = source.text_str();
  if (text.size() == 0) return {};
  const auto piece = text.piece(0);
  const std::string_view begin(piece.data(), piece.size());
  return begin.substr(0, begin.find('\n'));
}

/// What Python's source said; empty where the archive does not tell.
Frames python_frames(const SourceRange& range) {
  if (!range.source()) return {};
  const auto generator = range.source()->findSourceRangeThatGenerated(range);
  if (!generator || !generator->source()) return {};
  if (stack_frame(first_line(*generator->source()))) return {traced_stack(generator->source()->text_str().str()), true};
  const auto place = location(*generator);
  return {place ? std::vector<SourceLocation>{*place} : std::vector<SourceLocation>{}, false};
}

}  // namespace

bool is_libtorch_file(std::string_view file) {
  if (file.find("-packages/torch/") != file.npos) return true;
  const size_t folder = file.rfind("torch/");
  if (folder == file.npos || (folder > 0 && file[folder - 1] != '/')) return false;
  const std::string_view inside = file.substr(folder + 6);
  return std::any_of(std::begin(libtorch_folders), std::end(libtorch_folders),
                     [&](std::string_view name) { return inside.substr(0, name.size()) == name; });
}

graph::Origin make_origin(std::string op, std::string module_path, const std::vector<const torch::jit::Node*>& nodes) {
  graph::Origin origin;
  origin.op = std::move(op);
  origin.module_path = std::move(module_path);
  std::vector<SourceLocation> frames;
  for (const torch::jit::Node* node : nodes) {
    Frames more = python_frames(node->sourceRange());
    frames.insert(frames.end(), more.locations.begin(), more.locations.end());
    if (more.whole_stack) break;
  }
  if (frames.empty()) {
    // No source ranges: the archive's own code is what there is to show.
    for (const torch::jit::Node* node : nodes)
      if (const auto place = location(node->sourceRange())) frames.push_back(*place);
  }
  if (frames.empty()) return origin;
  origin.innermost = frames.front();
  const auto user =
      std::find_if(frames.begin(), frames.end(), [](const SourceLocation& at) { return !is_libtorch_file(at.file); });
  // All of them PyTorch's own: a module built of its layers alone. The outermost is the nearest to the user.
  origin.user = user != frames.end() ? *user : frames.back();
  return origin;
}

}  // namespace passerelle::torchscript
