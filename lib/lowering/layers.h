// Layers that several families build on.
#pragma once

#include <cstdint>

#include "context.h"

namespace passerelle::lowering {

OperandId zero_bias(Context& c, uint32_t size);

/// FULLY_CONNECTED on the last dimension of `input`, whatever its rank. `weights`: [out, in]; `bias`: [out]. `output`
/// is the result's scale where the input is quantized.
OperandId fully_connected(Context& c, OperandId input, OperandId weights, OperandId bias,
                          const graph::Quantization& output = {});

/// [.., m, k] x [.., k, n], with NumPy's broadcasting of the batches: FULLY_CONNECTED where one factor is a constant
/// matrix. The result's shape may lack leading dimensions of 1.
OperandId matrix_product(Context& c, OperandId a, OperandId b);

/// (value - mean) / sqrt(variance + epsilon) over the last `dimensions` dimensions.
OperandId standardise_last(Context& c, OperandId value, size_t dimensions, double epsilon);

}  // namespace passerelle::lowering
