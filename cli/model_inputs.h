// What a model and its file are both run on.
#pragma once

#include <string>
#include <vector>

#include "passerelle/torchscript/model.h"
#include "passerelle/verify/blob_runner.h"

namespace passerelle::cli {

struct ModelInputs {
  std::vector<torchscript::InputSpec> specs;
  std::vector<graph::HostTensor> tensors;
};

/// As --input says; else the model's bundled inputs, where they are what the file was made for; else seeded values of
/// the shapes that the file takes. Python numbers are those that it was converted with, unless others are given. What
/// the file takes quantized is rounded. Errors: `usage`, `unreadable`.
Expected<ModelInputs> model_inputs(const std::vector<std::string>& texts, const torchscript::Model& model,
                                   const std::string& path, const verify::BlobRunner& file);

/// The same for a module that convert --fallback has written: without --input the model's bundled inputs.
Expected<ModelInputs> model_inputs(const std::vector<std::string>& texts, const torchscript::Model& model);

/// The same with the numbers that quantized tensors stand for.
ModelInputs on_floats(const ModelInputs& quantized);
bool has_quantized(const ModelInputs& inputs);

/// What `run(inputs)` gives. The model may take as floats what the file takes quantized: then both get the numbers that
/// the integers stand for.
template <typename Run>
auto with_either(const ModelInputs& inputs, const Run& run) -> decltype(run(inputs)) {
  auto result = run(inputs);
  if (result || !has_quantized(inputs)) return result;
  return run(on_floats(inputs));
}

/// Whether a file begins as a TorchScript archive does: it may be a module that calls NNAPI.
bool is_archive(const std::string& path);

/// Such a module, with the NNAPI library that it is to call. Errors: `usage` for a module that does not call NNAPI.
Expected<torchscript::Model> load_split_module(const std::string& path, const std::string& library);

}  // namespace passerelle::cli
