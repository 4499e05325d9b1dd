// Operators of newer PyTorch and of torchvision, computed with what this LibTorch has, so that models that use them can
// be traced and compared. Written from their documentation; clear rather than fast.
#pragma once

#include <ATen/core/stack.h>

namespace passerelle::torchscript {

/// Arguments on the stack, as a schema of foreign_operators.cpp lists them, make way for the result.
using ForeignKernel = void (*)(torch::jit::Stack&);

void scaled_dot_product_attention(torch::jit::Stack& stack);
void rms_norm(torch::jit::Stack& stack);
void squeeze_dims(torch::jit::Stack& stack);
/// Non-maximum suppression: indexes of the boxes kept, best first.
void nms(torch::jit::Stack& stack);

}  // namespace passerelle::torchscript
