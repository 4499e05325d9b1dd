#include <caffe2/serialize/versions.h>
#include <torch/script.h>

#include <algorithm>

#include "archive/archive_check.h"
#include "archive/archive_probe.h"
#include "archive/nnapi_calls.h"
#include "archive/writer.h"
#include "foreign/operators.h"
#include "interpreter/failures.h"
#include "model_state.h"
#include "passerelle/support/activity.h"
#include "passerelle/torchscript/model.h"
#include "running/devices.h"
#include "running/engine.h"
#include "running/graphs.h"
#include "running/memory_budget.h"
#include "running/wrapped_numbers.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

constexpr int most_unheard_of_operators = 64;
constexpr uint64_t loading_memory = uint64_t{5} << 29;  // beside some copies of the file

Error unreadable(const std::string& path, const std::string& what) {
  return {ErrorKind::unreadable, "'" + path + "' " + what};
}

/// "Unknown builtin op: foo::bar." → "foo::bar".
std::string unknown_operator(const std::string& message) {
  constexpr std::string_view mark = "Unknown builtin op: ";
  const size_t found = message.find(mark);
  if (found == message.npos) return {};
  const size_t begin = found + mark.size();
  const size_t end =
      message.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:", begin);
  return message.substr(begin, end - begin);
}

/// The line of the archive's own code that LibTorch's compiler stopped at: ' (code/__torch__.py line 12)'.
std::string place_in_code(const std::string& message) {
  const size_t begin = message.find("File \"code/");
  if (begin == message.npos) return {};
  const size_t quote = message.find('"', begin + 6);
  const size_t line = message.find(", line ", begin);
  if (quote == message.npos || line != quote + 1) return {};
  const size_t digits = line + 7;
  return " (" + message.substr(begin + 6, quote - begin - 6) + " line " +
         message.substr(digits, message.find_first_not_of("0123456789", digits) - digits) + ")";
}

std::string why_not(const std::string& message, const Archive& archive, const std::string& first_line) {
  const std::string reader = "LibTorch " + Model::libtorch_version();
  const std::string why = first_line + place_in_code(message);
  const std::string saved = "was saved by " + writer_of(archive);
  if (archive.version > 0 && archive.version < 3)
    return saved + " (archive version " + std::to_string(archive.version) + "), and " + reader +
           " can't read it: " + why +
           "; load it with a PyTorch of its time and save its weights, then save a model built with a newer one";
  if (message.find("torch.classes") != message.npos)
    return "uses a class written in C++ that " + reader + " can't read: " + why + "; take it out of the model";
  if (message.find("Arguments for call are not valid") != message.npos ||
      message.find("nknown keyword argument") != message.npos)
    return saved + ", and calls an operator in a form that " + reader + " does not have: " + why +
           "; read it with a Passerelle built with the LibTorch of that PyTorch";
  return saved + ", and " + reader + " can't read it: " + why +
         "; where torch.jit.load reads it, a Passerelle built with the LibTorch of that PyTorch does";
}

}  // namespace

Expected<Model> Model::load(const std::string& path) {
  prepare_libtorch();
  const ActivityNote note("reading '" + path + "'");
  Expected<Archive> archive = probe_archive(path, caffe2::serialize::kMaxSupportedFileFormatVersion);
  if (!archive) return archive.error();
  const Expected<std::set<std::string>> operators = check_entries(path, *archive);
  if (!operators) return operators.error();
  register_operators_of_releases(*operators);
  const uint64_t size = archive->file.bytes().size();
  const HeapLimit limit(loading_memory + 8 * size);
  std::string message, line;
  for (int attempt = 0; attempt < most_unheard_of_operators; ++attempt) {
    try {
      auto state = std::make_unique<State>(State{{jit::load(path, at::kCPU), writer_of(*archive), path, size}});
      if (!state->module.find_method("forward"))
        return unreadable(path, "holds a module without a forward method; save the module that has one");
      if (Expected<void> checked = check_nnapi_calls(state->module); !checked)
        return unreadable(path, checked.error().message);
      state->module.eval();
      move_to_cpu(state->module);
      for_each_graph(state->module, [](jit::Graph& graph) {
        move_to_cpu(graph);
        unwrap_numbers(graph);
      });
      return Model(std::move(state));
    } catch (const std::bad_alloc&) {
      return unreadable(path, "takes more than " + std::to_string(limit.bytes() >> 20) +
                                  " MiB of memory to read, far more than it holds: it is damaged, or made to do harm");
    } catch (const std::exception& exception) {
      message = exception.what();
      line = first_line(exception);
    }
    const std::string unknown = unknown_operator(message);
    if (unknown.empty() || !register_unheard_of_operator(unknown)) break;
  }
  return unreadable(path, why_not(message, *archive, line));
}

}  // namespace passerelle::torchscript
