// For processors of any kind: plain loops, as the compiler makes them.
#include "integer_elements.h"

namespace passerelle::hostnn {
namespace {

uint32_t product(int16_t a, int16_t b) { return static_cast<uint32_t>(int32_t{a} * int32_t{b}); }

void multiply(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* packed, int64_t panels, int64_t inner,
              int32_t* result, int64_t result_step) {
  for (int64_t panel = 0; panel < panels; ++panel, packed += panel_columns * inner)
    for (int64_t row = 0; row < rows; ++row) {
      const int16_t* const values = a + row * a_step;
      uint32_t sums[panel_columns] = {};
      for (int64_t k = 0; k < inner; k += 2) {
        const int16_t* const columns = packed + k * panel_columns;
        for (int64_t i = 0; i < panel_columns; ++i)
          sums[i] += product(values[k], columns[2 * i]) + product(values[k + 1], columns[2 * i + 1]);
      }
      int32_t* const to = result + row * result_step + panel * panel_columns;
      for (int64_t i = 0; i < panel_columns; ++i) to[i] = static_cast<int32_t>(sums[i]);
    }
}

void sum_all_products(const int16_t* const* pixels, const int16_t* weights, int64_t taps, int64_t count,
                      int32_t* sums) {
  for (int64_t i = 0; i < count; ++i) sums[i] = 0;
  for (int64_t tap = 0; tap < taps; ++tap, weights += count)
    for (int64_t i = 0; i < count; ++i)
      sums[i] = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + product(pixels[tap][i], weights[i]));
}

}  // namespace

const IntegerKernels plain_kernels{multiply, sum_all_products, rescale_all, centre_all};

}  // namespace passerelle::hostnn
