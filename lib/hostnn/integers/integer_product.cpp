#include "integer_product.h"

#include <cstddef>

#include "integer_kernels.h"

namespace passerelle::hostnn {
namespace {

const IntegerKernels& choose_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
    return avx512_kernels;
  if (__builtin_cpu_supports("avx2")) return avx2_kernels;
#endif
  return plain_kernels;
}

const IntegerKernels& kernels() {
  static const IntegerKernels& chosen = choose_kernels();
  return chosen;
}

}  // namespace

PackedColumns::PackedColumns(const int16_t* columns, int64_t count, int64_t inner)
    : data_(static_cast<size_t>(padded_to_panel(count) * padded_to_pair(inner))),
      count_(count),
      inner_(padded_to_pair(inner)) {
  for (int64_t column = 0; column < count; ++column) {
    const int64_t panel = column / panel_columns * panel_columns * inner_;
    for (int64_t i = 0; i < inner; ++i)
      data_[panel + i / 2 * 2 * panel_columns + column % panel_columns * 2 + i % 2] = columns[column * inner + i];
  }
}

void multiply_rows(const int16_t* a, int64_t a_step, int64_t rows, const PackedColumns& b, int32_t* result) {
  kernels().multiply(a, a_step, rows, b.data(), b.padded_count() / panel_columns, b.inner(), result, b.padded_count());
}

void sum_products(const int16_t* const* pixels, const int16_t* weights, int64_t taps, int64_t count, int32_t* sums) {
  kernels().sum_products(pixels, weights, taps, count, sums);
}

void rescale(const Rescaling& rescaling, const int32_t* sums, int64_t first, int64_t count, uint8_t* result) {
  kernels().rescale(rescaling, sums, first, count, result);
}

void centre(const uint8_t* from, int64_t count, bool is_signed, int32_t zero_point, int16_t* to) {
  kernels().centre(from, count, is_signed, zero_point, to);
}

}  // namespace passerelle::hostnn
