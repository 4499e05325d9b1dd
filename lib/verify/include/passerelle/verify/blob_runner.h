// Runs a .nnapi file through the loader on tensors as PyTorch has them.
#pragma once

#include <string>
#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/loader/passerelle.hpp"
#include "passerelle/support/expected.h"

namespace passerelle::verify {

/// A file's input or output, in PyTorch's terms.
struct Port {
  std::string name;
  graph::ElementType type = graph::ElementType::float32;
  graph::Shape shape;
  graph::Quantization quantization;
};

/// With the exit status that a script wants to see.
Error error_of(const loader::Error& error);

class BlobRunner {
 public:
  /// Opens and checks the file. Errors: `unreadable`.
  static Expected<BlobRunner> open(const std::string& path);

  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }

  /// Compiles the model with this NNAPI library and runs it once. The tensors are in PyTorch's order and with PyTorch's
  /// dtypes (quantized ones may come as plain integers); layout and dtype are converted to what the file wants, and
  /// back. Errors: `usage` where the tensors do not fit, `nnapi` where the library is missing, refuses or fails.
  Expected<std::vector<graph::HostTensor>> run(const std::string& nnapi_library,
                                               const std::vector<graph::HostTensor>& inputs) const;

 private:
  std::string path_;
  loader::Model model_;
  std::vector<Port> inputs_, outputs_;
};

}  // namespace passerelle::verify
