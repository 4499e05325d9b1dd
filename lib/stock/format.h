// The words of the form that PyTorch's NNAPI class reads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace passerelle::stock {

inline constexpr int32_t format_version = 1;
inline constexpr size_t header_words = 6;     // version, counts of operands, values, operations, inputs, outputs
inline constexpr size_t operand_words = 4;    // type, dimensions, scale, zero point
inline constexpr size_t value_words = 3;      // operand, source, bytes of its data
inline constexpr size_t operation_words = 3;  // code, inputs, outputs
inline constexpr int32_t place_words = 3;     // buffer, offset, bytes: the data of a value in a buffer
inline constexpr int32_t most_of_a_kind = (1 << 24) - 1;

/// Where a value is: in the words, or in a buffer.
inline constexpr int32_t immediate = 0, numbered_buffer = 2;

/// Data of a value takes whole words.
constexpr size_t padded(size_t bytes) { return (bytes + 3) / 4 * 4; }

}  // namespace passerelle::stock
