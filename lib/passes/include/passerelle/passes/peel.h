// A model that quantizes what it is given, and dequantizes what it returns, without those two steps: the app hands over
// and gets bytes.
#pragma once

#include <optional>

#include "passerelle/graph/graph.h"

namespace passerelle::passes {

/// The type that the model quantizes an input to before anything else is done with it but moving its elements. Nothing
/// where it does not, or to several.
std::optional<graph::TensorType> quantized_first(const graph::Graph& graph, size_t input);

/// Makes the input what quantized_first() says, which must be something.
void peel_quantize(graph::Graph& graph, size_t input);

/// Returns what a DEQUANTIZE at the end is made of; false where the output is not made by one.
bool peel_dequantize(graph::Graph& graph, size_t output);

}  // namespace passerelle::passes
