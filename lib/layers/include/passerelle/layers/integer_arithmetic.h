// What a .nnapi file computes in integers.
#pragma once

#include <vector>

#include "passerelle/blob/view.h"

namespace passerelle::layers {

/// Whether any tensor in it is quantized.
bool computes_in_integers(const blob::View& file);

/// Of each output the difference that one step of its integers makes: of floats behind a DEQUANTIZE its operand's
/// scale, where nothing but moving elements comes after. 1 for quantized outputs; 0 where no step is known.
std::vector<double> output_steps(const blob::View& file);

}  // namespace passerelle::layers
