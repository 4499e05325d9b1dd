// The loops of integer_product.h, once for each kind of processor. Each kind is a file that is compiled for it.
#pragma once

#include <cstdint>

#include "integer_product.h"

namespace passerelle::hostnn {

struct IntegerKernels {
  /// `panels` of packed columns, of `inner` / 2 pairs each; rows of the result lie `result_step` apart.
  void (*multiply)(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* packed, int64_t panels, int64_t inner,
                   int32_t* result, int64_t result_step);
  void (*sum_products)(const int16_t* const* pixels, const int16_t* weights, int64_t taps, int64_t count,
                       int32_t* sums);
  void (*rescale)(const Rescaling& rescaling, const int32_t* sums, int64_t first, int64_t count, uint8_t* result);
  void (*centre)(const uint8_t* from, int64_t count, bool is_signed, int32_t zero_point, int16_t* to);
};

extern const IntegerKernels plain_kernels;
#if defined(__x86_64__)
extern const IntegerKernels avx2_kernels;
extern const IntegerKernels avx512_kernels;  ///< F, BW, DQ, VL and VNNI
#endif

}  // namespace passerelle::hostnn
