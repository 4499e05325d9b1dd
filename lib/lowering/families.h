// The tables of lowerings, one a family of operators. lower.cpp puts them together.
#pragma once

#include "context.h"
#include "passerelle/support/span.h"

namespace passerelle::lowering {

Span<const Lowering> activation_lowerings();
Span<const Lowering> attention_lowerings();
Span<const Lowering> comparison_lowerings();
Span<const Lowering> convolution_lowerings();
Span<const Lowering> cumulative_lowerings();
Span<const Lowering> decomposed_quantization_lowerings();
Span<const Lowering> diagonal_lowerings();
Span<const Lowering> einsum_lowerings();
Span<const Lowering> elementwise_lowerings();
Span<const Lowering> embedding_lowerings();
Span<const Lowering> grid_sample_lowerings();
Span<const Lowering> indexing_lowerings();
Span<const Lowering> linear_lowerings();
Span<const Lowering> loss_lowerings();
Span<const Lowering> norm_lowerings();
Span<const Lowering> normalisation_lowerings();
Span<const Lowering> padding_lowerings();
Span<const Lowering> pooling_lowerings();
Span<const Lowering> prepacked_lowerings();
Span<const Lowering> product_lowerings();
Span<const Lowering> quantization_lowerings();
Span<const Lowering> quantized_activation_lowerings();
Span<const Lowering> quantized_arithmetic_lowerings();
Span<const Lowering> quantized_layer_lowerings();
Span<const Lowering> recurrent_lowerings();
Span<const Lowering> reduction_lowerings();
Span<const Lowering> resize_lowerings();
Span<const Lowering> scatter_lowerings();
Span<const Lowering> selection_lowerings();
Span<const Lowering> shape_lowerings();
Span<const Lowering> trigonometry_lowerings();
Span<const Lowering> window_lowerings();

/// Rows for operators of aten where their tensors are quantized.
Span<const Lowering> quantized_activations_of_aten();
Span<const Lowering> quantized_arithmetic_of_aten();
/// For operators of aten with quantized tensors, instead of the row for floats.
const Lowering* quantized_lowering(std::string_view op);
/// Whether an operator of quantized tensors has a row of its own, in the tables above or there.
bool lowers_in_integers(std::string_view op);

}  // namespace passerelle::lowering
