// A TorchScript module of which NNAPI computes parts: operators of a model as they were, and calls of PyTorch's own
// NNAPI class, torch.classes._nnapi.Compilation.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {

/// A tensor that goes into a part, or comes out of it.
struct CarriedTensor {
  TensorId tensor{};
  graph::ElementType type = graph::ElementType::float32;  ///< that NNAPI takes: float32, int32 or quint8
  graph::Shape shape;                                     ///< the same, in NNAPI's order
  bool channels_last = false;                             ///< NNAPI takes NHWC
};

/// Operators that one model of NNAPI's computes.
struct NnapiPart {
  std::vector<CarriedTensor> inputs, outputs;
  std::vector<int32_t> words;  ///< see passerelle/stock/model.h
  std::vector<std::vector<unsigned char>> buffers;
  bool relax_fp16 = false;  ///< needs PyTorch 1.10
};

/// An operator of the trace that LibTorch computes, or a part by its number.
using SplitStep = std::variant<trace::NodeId, size_t>;

struct SplitModule {
  const Program& program;
  std::vector<NnapiPart> parts;
  std::vector<SplitStep> steps;  ///< in the order in which they are to be run
};

struct SplitWriting {
  bool for_mobile = false;     ///< for the lite interpreter
  std::string operators_path;  ///< a list of the operators that it calls, for a selective build; empty: none
};

/// Writes it, whole or not at all. Errors: `unsupported` for an operator that can't be written again, `unwritable`.
Expected<void> write_split_module(const SplitModule& module, const SplitWriting& writing, const std::string& path);

/// Makes this library the one that PyTorch's class finds under the name libneuralnetworks.so, in this process. Errors:
/// `nnapi`.
Expected<void> provide_nnapi(const std::string& library);

}  // namespace passerelle::torchscript
