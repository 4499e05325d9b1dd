#include "integer_product.h"

namespace passerelle::hostnn {
namespace {

// The same code is compiled for the processor that the build names, and for one with AVX2, where twice as much is done
// at once. It is inlined into both.
#if defined(__GNUC__)
#define PASSERELLE_INLINE inline __attribute__((always_inline))
#else
#define PASSERELLE_INLINE inline
#endif

/// A tile of rows and columns, whose sums stay in registers.
template <int row_count, int column_count>
PASSERELLE_INLINE void multiply_tile(const int16_t* a, int64_t a_step, const int16_t* b, int64_t inner, int64_t columns,
                                     int32_t* result) {
  int32_t sums[row_count][column_count] = {};
  const int64_t blocks = inner / product_block * product_block;  // tells the compiler that nothing is left over
  for (int64_t i = 0; i < blocks; ++i)
    for (int row = 0; row < row_count; ++row)
      for (int column = 0; column < column_count; ++column)
        sums[row][column] += int32_t{a[row * a_step + i]} * int32_t{b[column * inner + i]};
  for (int row = 0; row < row_count; ++row)
    for (int column = 0; column < column_count; ++column) result[row * columns + column] = sums[row][column];
}

template <int column_count>
PASSERELLE_INLINE void multiply_columns(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* b,
                                        int64_t columns, int64_t inner, int32_t* result) {
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2)
    multiply_tile<2, column_count>(a + row * a_step, a_step, b, inner, columns, result + row * columns);
  if (row < rows) multiply_tile<1, column_count>(a + row * a_step, a_step, b, inner, columns, result + row * columns);
}

/// A few columns stay in the nearest cache while all rows pass by.
PASSERELLE_INLINE void multiply_all(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* b, int64_t columns,
                                    int64_t inner, int32_t* result) {
  int64_t column = 0;
  for (; column + 4 <= columns; column += 4)
    multiply_columns<4>(a, a_step, rows, b + column * inner, columns, inner, result + column);
  for (; column < columns; ++column)
    multiply_columns<1>(a, a_step, rows, b + column * inner, columns, inner, result + column);
}

PASSERELLE_INLINE void add_all(const int16_t* a, const int16_t* b, int64_t count, int32_t* sums) {
  for (int64_t i = 0; i < count; ++i) sums[i] += int32_t{a[i]} * int32_t{b[i]};
}

#if defined(__x86_64__) && defined(__GNUC__)
#define PASSERELLE_HAS_AVX2 1

__attribute__((target("avx2"))) void multiply_all_avx2(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* b,
                                                       int64_t columns, int64_t inner, int32_t* result) {
  multiply_all(a, a_step, rows, b, columns, inner, result);
}

__attribute__((target("avx2"))) void add_all_avx2(const int16_t* a, const int16_t* b, int64_t count, int32_t* sums) {
  add_all(a, b, count, sums);
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}
#endif

}  // namespace

void multiply_rows(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* b, int64_t columns, int64_t inner,
                   int32_t* result) {
#if PASSERELLE_HAS_AVX2
  if (has_avx2()) return multiply_all_avx2(a, a_step, rows, b, columns, inner, result);
#endif
  multiply_all(a, a_step, rows, b, columns, inner, result);
}

void add_products(const int16_t* a, const int16_t* b, int64_t count, int32_t* sums) {
#if PASSERELLE_HAS_AVX2
  if (has_avx2()) return add_all_avx2(a, b, count, sums);
#endif
  add_all(a, b, count, sums);
}

}  // namespace passerelle::hostnn
