// Quantized operators that QNNPACK refuses for some of their arguments, or computes wrongly.
#pragma once

namespace passerelle::torchscript {

/// From now on LibTorch's native kernels compute them. Once in a process.
void register_native_quantized_kernels();

}  // namespace passerelle::torchscript
