// A .nnapi file against its model, operation by operation.
//
// The model is converted once more. Where that gives the file's very bytes, its graph tells which of LibTorch's tensors
// each operand holds; a copy of it with all of them as outputs is run, and compared with the model's own values.
#pragma once

#include <string>
#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/support/expected.h"
#include "passerelle/torchscript/model.h"
#include "passerelle/verify/comparison.h"
#include "passerelle/verify/layers.h"

namespace passerelle::layers {

struct Request {
  const torchscript::Model& model;
  std::string model_path, file_path, nnapi_library;
  std::vector<torchscript::InputSpec> specs;
  std::vector<graph::HostTensor> inputs;
  verify::Limits limits;
};

/// Errors: `usage` where the file is not what this version makes of the model; those of tracing and of running.
Expected<verify::Layers> compare_layers(const Request& request);

}  // namespace passerelle::layers
