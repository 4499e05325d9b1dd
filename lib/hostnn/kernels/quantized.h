// What kernels of quantized tensors share: integers without their zero point, and the way to an output's integers.
#pragma once

#include <functional>

#include "integers/fixed_point.h"
#include "kernel.h"
#include "passerelle/nnapi/c_api.h"

namespace passerelle::hostnn {

/// The integers that an output may take: its type's, narrowed by a fused activation (FuseCode).
struct Limits {
  int32_t lowest = 0;
  int32_t highest = 0;
};
Limits output_limits(const Call& call, int64_t activation = ANEURALNETWORKS_FUSED_NONE);

/// An input's integers minus its zero point, as int32.
Tensor centred(const Call& call, size_t input);

/// Real values, as float32.
Tensor dequantized(const Tensor& integers, const Quantization& quantization);
/// An input's.
Tensor dequantized(const Call& call, size_t input);

/// Integers for real values: halves are rounded away from 0, and what does not fit is saturated. Android rounds before
/// it adds the zero point in QUANTIZE, and after it where a kernel computes with floats.
enum class Rounding { before_zero_point, after_zero_point };
Tensor quantized(const Tensor& values, OperandType type, const Quantization& quantization, Rounding rounding);

using IntegerFunction = std::function<int32_t(int32_t)>;

/// A function of each integer of an 8-bit tensor, as int32: computed once for each of the 256.
Tensor mapped(const Tensor& values, const IntegerFunction& function);

/// The same as output 0's integers; results are saturated.
Tensor mapped_to_output(const Call& call, const Tensor& values, const IntegerFunction& function);

/// An input's integers in output 0's scale and zero point.
Tensor requantized(const Call& call, size_t input);

/// Output 0's integers from int32 sums, which count in steps of 1 / `factor` of the output's scale from its zero point.
Tensor store(const Call& call, const Tensor& sums, Multiplier factor, int64_t activation = ANEURALNETWORKS_FUSED_NONE);

/// A tensor for output 0's integers.
Tensor empty_output(const Call& call, at::IntArrayRef shape);

/// The bytes of an 8-bit tensor, signed or not.
uint8_t* bytes_of(const Tensor& values);

}  // namespace passerelle::hostnn
