#include "kernels.h"

namespace passerelle::torchscript {

ForeignKernel foreign_kernel(std::string_view op) {
  for (Span<const ForeignKernelRow> family :
       {attention_kernels(), decomposed_quantization_kernels(), detection_kernels(), element_kernels(),
        normalisation_kernels(), resize_kernels()})
    for (const ForeignKernelRow& row : family)
      if (row.op == op) return row.kernel;
  return nullptr;
}

}  // namespace passerelle::torchscript
