// The tables of lowerings, one a family of operators. lower.cpp puts them together.
#pragma once

#include "context.h"
#include "passerelle/support/span.h"

namespace passerelle::lowering {

Span<const Lowering> activation_lowerings();
Span<const Lowering> attention_lowerings();
Span<const Lowering> comparison_lowerings();
Span<const Lowering> convolution_lowerings();
Span<const Lowering> einsum_lowerings();
Span<const Lowering> elementwise_lowerings();
Span<const Lowering> embedding_lowerings();
Span<const Lowering> indexing_lowerings();
Span<const Lowering> linear_lowerings();
Span<const Lowering> normalisation_lowerings();
Span<const Lowering> padding_lowerings();
Span<const Lowering> pooling_lowerings();
Span<const Lowering> recurrent_lowerings();
Span<const Lowering> reduction_lowerings();
Span<const Lowering> resize_lowerings();
Span<const Lowering> scatter_lowerings();
Span<const Lowering> selection_lowerings();
Span<const Lowering> shape_lowerings();

}  // namespace passerelle::lowering
