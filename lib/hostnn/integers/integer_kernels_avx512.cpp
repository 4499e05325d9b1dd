// For processors with AVX-512 and its integer products (VNNI); this file alone is compiled for them.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace passerelle::hostnn {
namespace {

struct Lanes {
  using Vector = __m512i;
  static constexpr int count = 16;
  static constexpr int tile_rows = 8, tile_panels = 2;

  static Vector zero() { return _mm512_setzero_si512(); }
  static Vector load(const int16_t* pairs) { return _mm512_loadu_si512(pairs); }
  static Vector repeat(const int16_t* pair) {
    int32_t both;
    std::memcpy(&both, pair, sizeof both);
    return _mm512_set1_epi32(both);
  }
  static Vector widen(const int16_t* values) {
    // Without the mask GCC 12 warns of its own header's undefined vector.
    return _mm512_maskz_cvtepu16_epi32(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values)));
  }
  static Vector add_products(Vector sums, Vector a, Vector b) { return _mm512_dpwssd_epi32(sums, a, b); }
  static void store(int32_t* to, Vector values) { _mm512_storeu_si512(to, values); }
};

}  // namespace
}  // namespace passerelle::hostnn

#include "integer_loops.h"

const passerelle::hostnn::IntegerKernels passerelle::hostnn::avx512_kernels{multiply, sum_all_products, rescale_all,
                                                                            centre_all};

#endif
