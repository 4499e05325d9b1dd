// Layers that several families build on.
#pragma once

#include <cstdint>

#include "context.h"

namespace passerelle::lowering {

Value zero_bias(Context& c, uint32_t size);

/// FULLY_CONNECTED on the last dimension of `input`, whatever its rank. `weights`: [out, in]; `bias`: [out]. `output`
/// is the result's scale where the input is quantized.
Value fully_connected(Context& c, Value input, Value weights, Value bias, const graph::Quantization& output = {});

/// [.., m, k] x [.., k, n], with NumPy's broadcasting of the batches: FULLY_CONNECTED where one factor is a constant
/// matrix. The result's shape may lack leading dimensions of 1.
Value matrix_product(Context& c, Value a, Value b);

/// (value - mean) / sqrt(variance + epsilon) over the last `dimensions` dimensions.
Value standardise_last(Context& c, Value value, size_t dimensions, double epsilon);

}  // namespace passerelle::lowering
