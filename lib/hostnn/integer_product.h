// Sums of products of 16-bit integers, which is what quantized convolutions and matrix products come down to.
#pragma once

#include <cstdint>
#include <vector>

namespace passerelle::hostnn {

/// Rows of `inner` integers are laid out for the product: each is filled up with zeros to a multiple of this.
constexpr int64_t product_block = 16;
constexpr int64_t padded_to_block(int64_t inner) { return (inner + product_block - 1) / product_block * product_block; }

/// result[row · columns + column] = Σ a[row][i] · b[column][i]. `inner` is a multiple of product_block; a's rows lie
/// `a_step` apart, b's lie close together. Sums wrap at 32 bits, as Android's do.
void multiply_rows(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* b, int64_t columns, int64_t inner,
                   int32_t* result);

/// sums[i] += a[i] · b[i].
void add_products(const int16_t* a, const int16_t* b, int64_t count, int32_t* sums);

}  // namespace passerelle::hostnn
