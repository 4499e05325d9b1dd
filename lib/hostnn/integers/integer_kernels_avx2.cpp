// For processors with AVX2; this file alone is compiled for them.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace passerelle::hostnn {
namespace {

struct Lanes {
  using Vector = __m256i;
  static constexpr int count = 8;
  static constexpr int tile_rows = 4, tile_panels = 1;

  static Vector zero() { return _mm256_setzero_si256(); }
  static Vector load(const int16_t* pairs) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs)); }
  static Vector repeat(const int16_t* pair) {
    int32_t both;
    std::memcpy(&both, pair, sizeof both);
    return _mm256_set1_epi32(both);
  }
  static Vector widen(const int16_t* values) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
  }
  static Vector add_products(Vector sums, Vector a, Vector b) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
  }
  static void store(int32_t* to, Vector values) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), values); }
};

}  // namespace
}  // namespace passerelle::hostnn

#include "integer_loops.h"

const passerelle::hostnn::IntegerKernels passerelle::hostnn::avx2_kernels{multiply, sum_all_products, rescale_all,
                                                                          centre_all};

#endif
