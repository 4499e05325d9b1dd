// Operators on float16 and bfloat16 that LibTorch has no kernel for on a CPU.
#pragma once

#include <torch/csrc/jit/runtime/operator.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace passerelle::torchscript {

/// Whether results_in_float32 has been needed in this thread since this was made.
class LackOfKernels {
 public:
  LackOfKernels();
  bool was_met() const;

 private:
  uint64_t before_;
};

/// The operator's results, computed in float32 and rounded; what it writes to is written. Nothing where none of its
/// arguments is float16 or bfloat16, or where it throws on float32 as well.
std::optional<std::vector<c10::IValue>> results_in_float32(torch::jit::Operation& operation,
                                                           const c10::FunctionSchema& schema,
                                                           const std::vector<c10::IValue>& arguments);

}  // namespace passerelle::torchscript
