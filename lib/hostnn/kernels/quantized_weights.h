// What quantized convolutions and matrix products share: weights as rows for integer_product.h, and the way from sums
// of products to an output's integers.
#pragma once

#include "integer_product.h"
#include "kernels/quantized.h"

namespace passerelle::hostnn {

/// Rows of 16-bit integers, each filled up to a multiple of product_block.
struct IntegerRows {
  std::vector<int16_t> data;
  int64_t count = 0;
  int64_t inner = 0;  ///< integers a row, with what fills it up
};
/// Any tensor of [rows, inner], minus `zero_point`.
IntegerRows integer_rows(const Tensor& matrix, int32_t zero_point);

/// Adds the bias (input 2, where there is one), rescales, and writes the output's integers.
class OutputStage {
 public:
  /// For `channels` outputs, from the scales of inputs 0 and 1.
  OutputStage(const Call& call, int64_t channels, const Tensor* bias, int64_t activation);
  /// The sums of `count` outputs from `first` on.
  void store(const int32_t* sums, int64_t first, int64_t count, uint8_t* result) const;

 private:
  std::vector<Multiplier> factors_;
  std::vector<int32_t> bias_;
  int32_t zero_point_;
  Limits limits_;
};

}  // namespace passerelle::hostnn
