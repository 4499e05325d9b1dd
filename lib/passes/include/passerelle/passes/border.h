// The first pass, on the model's border: what the caller of the file hands over and gets, where that was asked to be
// other than the model has it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::passes {

// --- A model that quantizes what it is given, and dequantizes what it returns, without those two steps: the app hands
// over and gets bytes.

/// For each input the type that the model quantizes it to before anything else is done with it but moving its elements.
/// Nothing where it does not, or to several.
std::vector<std::optional<graph::TensorType>> quantized_first(const graph::Module& module);

/// Makes the input what quantized_first() says of it, which must be something.
void peel_quantize(graph::Module& module, size_t input);

/// Outputs that a DEQUANTIZE makes become what that is made of; false where none is made by one.
bool peel_dequantizes(graph::Module& module);

/// A quantize that reads an input alone, and the --input that does without it: at a level that has none, the app can
/// hand over the integers.
struct LeadingQuantize {
  graph::NodeId node{};
  std::string input;  ///< "x=1x3x8x8:quint8,0.02,100"
};
std::vector<LeadingQuantize> leading_quantizes(const graph::Module& module);

/// Adds the way out to those diagnostics that are about one of them.
void suggest_quantized_inputs(const std::vector<LeadingQuantize>& leading, std::vector<graph::Diagnostic>& diagnostics);

// --- Layout.

/// Hands an output of rank 4 to the caller as NHWC: the TRANSPOSE is NNAPI's, until the layout pass has moved it away.
void return_channels_last(graph::Module& module, size_t output);

}  // namespace passerelle::passes
