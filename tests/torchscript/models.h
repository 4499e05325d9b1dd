// Models made of TorchScript source text, and what every trace must fulfil.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <string>
#include <vector>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript::testing {

using Setup = std::function<void(torch::jit::Module&)>;

/// A file in a folder of this process's own, removed when it ends.
std::string temporary_file(const std::string& name);

/// Saves a module whose methods are `source`, after `setup` gave it parameters and attributes; then loads it.
Model model_of(const std::string& source, const Setup& setup = {});
std::string saved_model(const std::string& source, const Setup& setup = {});

/// Writes bytes to a temporary file.
std::string written(const std::string& name, const std::string& bytes);
/// An archive with one class, M, whose object has no attributes.
std::string archive_of(const std::string& name, const std::string& code, const std::string& state = "}");

InputSpec shape(std::vector<int64_t> sizes, std::string name = "");
InputSpec typed(std::vector<int64_t> sizes, graph::ElementType type);
InputSpec floats(std::vector<int64_t> sizes, std::vector<float> values);
InputSpec number(std::variant<std::monostate, int64_t, double, bool> value, std::string name = "");

/// Traces; the trace must have no diagnostics and be well formed, and its operators, run again, must give what the
/// model gives.
Trace faithful_trace(const Model& model, const std::vector<InputSpec>& specs);
/// Just traces; an Error fails the test.
Trace any_trace(const Model& model, const std::vector<InputSpec>& specs, const Budget& budget = {});

/// Whether two float32 tensors of one shape differ nowhere by more than `tolerance` of the largest magnitude that is
/// expected. What is not finite must be the same.
bool are_close(const graph::HostTensor& actual, const graph::HostTensor& expected, float tolerance);

/// "aten::conv2d aten::relu".
std::string operators(const Trace& trace);
/// The reasons of its diagnostics: "in-place-write state".
std::string reasons(const Trace& trace);

/// The folder of shared data, or empty: then skip with this reason.
std::string shared_folder();
constexpr char no_shared_models[] =
    "there is no folder `shared` with models beside the repository, nor in PASSERELLE_SHARED";

}  // namespace passerelle::torchscript::testing
