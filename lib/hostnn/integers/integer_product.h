// Sums of products of 16-bit integers, which is what quantized convolutions and matrix products come down to, and the
// way from them to 8-bit integers.
#pragma once

#include <cstdint>
#include <vector>

namespace passerelle::hostnn {

/// Columns lie together in panels of this many, and results have room for whole panels.
constexpr int64_t panel_columns = 16;
constexpr int64_t padded_to_panel(int64_t columns) {
  return (columns + panel_columns - 1) / panel_columns * panel_columns;
}
/// Integers are multiplied two at a time: a row of an odd number is filled up with a zero.
constexpr int64_t padded_to_pair(int64_t inner) { return (inner + 1) / 2 * 2; }

/// The right-hand matrix of a product, in the order in which the product reads it.
class PackedColumns {
 public:
  PackedColumns() = default;
  /// A column's integers lie `inner` after those of the column before.
  PackedColumns(const int16_t* columns, int64_t count, int64_t inner);

  int64_t count() const { return count_; }
  int64_t padded_count() const { return padded_to_panel(count_); }
  /// Integers of a column, with what fills it up to pairs.
  int64_t inner() const { return inner_; }
  const int16_t* data() const { return data_.data(); }

 private:
  std::vector<int16_t> data_;  // panel, pair of integers, column, which of the pair
  int64_t count_ = 0;
  int64_t inner_ = 0;
};

/// result[row · padded_count + column] = Σ a[row · a_step + i] · column[i], for i below inner(). What is beyond count()
/// is not to be used. Sums wrap at 32 bits, as Android's do.
void multiply_rows(const int16_t* a, int64_t a_step, int64_t rows, const PackedColumns& b, int32_t* result);

/// sums[i] = Σ pixels[tap][i] · weights[tap · count + i], over all taps.
void sum_products(const int16_t* const* pixels, const int16_t* weights, int64_t taps, int64_t count, int32_t* sums);

/// From sums to an output's integers, a channel each: as fixed_point.h's multiply() does it, with a bias before, and
/// the zero point and the limits after.
struct Rescaling {
  std::vector<int32_t> bias;
  std::vector<int32_t> mantissas;
  std::vector<int32_t> left_shifts;   ///< a positive exponent
  std::vector<int32_t> right_shifts;  ///< a negative one
  int32_t zero_point = 0;
  int32_t lowest = 0;  ///< of the output's integers
  int32_t highest = 0;
};
/// `count` channels from `first` on. No product of a sum and a mantissa may be the one that is saturated: mantissas are
/// not negative.
void rescale(const Rescaling& rescaling, const int32_t* sums, int64_t first, int64_t count, uint8_t* result);

/// Bytes, signed or not, minus their zero point.
void centre(const uint8_t* from, int64_t count, bool is_signed, int32_t zero_point, int16_t* to);

}  // namespace passerelle::hostnn
