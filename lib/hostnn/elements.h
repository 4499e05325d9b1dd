// An operand's bytes as LibTorch's tensors, and back.
#pragma once

#include "kernels/kernel.h"

namespace passerelle::hostnn {

/// What kernels compute an operand's elements in. float16 is widened: its values are computed in float32 and rounded
/// wherever an operation ends, as Android's CPU does.
at::ScalarType scalar_type(OperandType type);
bool is_float16(OperandType type);

/// NNAPI's bytes as a tensor. Truth values are made 0 or 1, as any other byte is undefined behaviour in a bool.
Tensor tensor_of(OperandType type, const std::vector<uint32_t>& dimensions, const void* data);
/// The way back, into as many bytes as the elements take. Narrowing keeps the low bits.
void write_bytes(const Tensor& tensor, OperandType type, void* data);

std::vector<uint32_t> dimensions_of(const Tensor& tensor);

}  // namespace passerelle::hostnn
