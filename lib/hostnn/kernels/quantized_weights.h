// What quantized convolutions and matrix products share: matrices as integer_product.h wants them, and the way from
// sums of products to an output's integers.
#pragma once

#include "integers/integer_product.h"
#include "quantized.h"

namespace passerelle::hostnn {

/// Below this many multiplications another thread costs more than it helps.
constexpr int64_t few_products = 65536;

/// Rows of 16-bit integers, each filled up to pairs.
struct IntegerRows {
  std::vector<int16_t> data;
  int64_t count = 0;
  int64_t inner = 0;  ///< integers a row, with what fills it up
};
/// Any tensor of [rows, inner], minus `zero_point`.
IntegerRows integer_rows(const Tensor& matrix, int32_t zero_point);
/// A tensor's integers minus `zero_point`, in their order.
std::vector<int16_t> integers_of(const Tensor& tensor, int32_t zero_point);
/// The rows of any tensor of [rows, inner], minus `zero_point`, as the right-hand matrix of a product.
PackedColumns packed_columns(const Tensor& matrix, int32_t zero_point);

/// Adds the bias (input 2, where there is one), rescales, and writes the output's integers.
class OutputStage {
 public:
  OutputStage() = default;
  /// For `channels` outputs, from the scales of inputs 0 and 1.
  OutputStage(const Call& call, int64_t channels, const Tensor* bias, int64_t activation);
  /// The sums of `count` outputs from `first` on.
  void store(const int32_t* sums, int64_t first, int64_t count, uint8_t* result) const {
    rescale(rescaling_, sums, first, count, result);
  }

 private:
  Rescaling rescaling_;
};

/// [rows of `a`, columns of `b`] as output 0's integers.
void store_product(const IntegerRows& a, const PackedColumns& b, const OutputStage& stage, uint8_t* result);

}  // namespace passerelle::hostnn
