// Operators of newer PyTorch and of torchvision, computed with what this LibTorch has, so that models that use them can
// be traced and compared. Written from their documentation; clear rather than fast.
#pragma once

#include <ATen/core/stack.h>

#include <string_view>

#include "passerelle/support/span.h"

namespace passerelle::torchscript {

/// Arguments on the stack, as the operator's newest schema lists them, make way for the results.
using ForeignKernel = void (*)(torch::jit::Stack&);

struct ForeignKernelRow {
  std::string_view op;  ///< with its overload, as in "aten::squeeze.dims"
  ForeignKernel kernel;
};

Span<const ForeignKernelRow> attention_kernels();
Span<const ForeignKernelRow> decomposed_quantization_kernels();
Span<const ForeignKernelRow> detection_kernels();
Span<const ForeignKernelRow> element_kernels();
Span<const ForeignKernelRow> normalisation_kernels();
Span<const ForeignKernelRow> resize_kernels();

/// Null where there is none.
ForeignKernel foreign_kernel(std::string_view op);

}  // namespace passerelle::torchscript
