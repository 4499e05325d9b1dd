// LibTorch, set up for programs that nobody trusts.
#pragma once

namespace passerelle::torchscript {

/// To be called before LibTorch does anything on a thread. QNNPACK for quantized kernels, native ones where it refuses;
/// foreign operators known; those that touch files unknown; nothing printed.
void prepare_libtorch();

}  // namespace passerelle::torchscript
