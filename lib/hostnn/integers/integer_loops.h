// The loops of integer_kernels.h, written with a vector of 32-bit lanes that the including file has:
//
//     struct Lanes {
//       using Vector = ...;                        // 32-bit integers
//       static constexpr int count = ...;          // how many; divides panel_columns
//       Vector zero();
//       Vector load(const int16_t*);               // `count` pairs of integers
//       Vector repeat(const int16_t*);             // one pair, in each lane
//       Vector widen(const int16_t*);              // `count` integers, each with a zero beside it
//       Vector add_products(Vector sums, Vector a, Vector b);  // sums + a.first · b.first + a.second · b.second
//       void store(int32_t*, Vector);
//       static constexpr int tile_rows = ..., tile_panels = ...;  // whose sums fit the registers
//     };
//
// Nothing here has a name outside of the including file: the linker could else take one processor's code for another.
#pragma once

#include "integer_elements.h"
#include "integer_kernels.h"

namespace passerelle::hostnn {
namespace {

constexpr int panel_vectors = static_cast<int>(panel_columns) / Lanes::count;

/// A few rows and columns, whose sums stay in registers.
template <int rows, int panels>
inline void multiply_tile(const int16_t* a, int64_t a_step, const int16_t* packed, int64_t inner, int32_t* result,
                          int64_t result_step) {
  constexpr int vectors = panels * panel_vectors;
  Lanes::Vector sums[rows][vectors];
  for (int row = 0; row < rows; ++row)
    for (int i = 0; i < vectors; ++i) sums[row][i] = Lanes::zero();
  for (int64_t k = 0; k < inner; k += 2) {
    Lanes::Vector columns[vectors];
    for (int i = 0; i < vectors; ++i)
      columns[i] = Lanes::load(packed + (i / panel_vectors) * panel_columns * inner + k * panel_columns +
                               (i % panel_vectors) * 2 * Lanes::count);
    for (int row = 0; row < rows; ++row) {
      const Lanes::Vector pair = Lanes::repeat(a + row * a_step + k);
      for (int i = 0; i < vectors; ++i) sums[row][i] = Lanes::add_products(sums[row][i], columns[i], pair);
    }
  }
  for (int row = 0; row < rows; ++row)
    for (int i = 0; i < vectors; ++i) Lanes::store(result + row * result_step + i * Lanes::count, sums[row][i]);
}

template <int panels>
inline void multiply_panels(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* packed, int64_t inner,
                            int32_t* result, int64_t result_step) {
  constexpr int tile = Lanes::tile_rows;
  int64_t row = 0;
  for (; row + tile <= rows; row += tile)
    multiply_tile<tile, panels>(a + row * a_step, a_step, packed, inner, result + row * result_step, result_step);
  for (; row < rows; ++row)
    multiply_tile<1, panels>(a + row * a_step, a_step, packed, inner, result + row * result_step, result_step);
}

/// A panel stays in the nearest cache while all rows pass by.
void multiply(const int16_t* a, int64_t a_step, int64_t rows, const int16_t* packed, int64_t panels, int64_t inner,
              int32_t* result, int64_t result_step) {
  constexpr int tile = Lanes::tile_panels;
  int64_t panel = 0;
  for (; panel + tile <= panels; panel += tile)
    multiply_panels<tile>(a, a_step, rows, packed + panel * panel_columns * inner, inner,
                          result + panel * panel_columns, result_step);
  for (; panel < panels; ++panel)
    multiply_panels<1>(a, a_step, rows, packed + panel * panel_columns * inner, inner, result + panel * panel_columns,
                       result_step);
}

/// A few lanes' sums over all taps.
template <int vectors>
inline void sum_lanes(const int16_t* const* pixels, const int16_t* weights, int64_t taps, int64_t count, int64_t first,
                      int32_t* sums) {
  Lanes::Vector totals[vectors];
  for (int v = 0; v < vectors; ++v) totals[v] = Lanes::zero();
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int v = 0; v < vectors; ++v)
      totals[v] = Lanes::add_products(totals[v], Lanes::widen(pixels[tap] + first + v * Lanes::count),
                                      Lanes::widen(weights + tap * count + first + v * Lanes::count));
  for (int v = 0; v < vectors; ++v) Lanes::store(sums + first + v * Lanes::count, totals[v]);
}

void sum_all_products(const int16_t* const* pixels, const int16_t* weights, int64_t taps, int64_t count,
                      int32_t* sums) {
  int64_t i = 0;
  for (; i + 4 * Lanes::count <= count; i += 4 * Lanes::count) sum_lanes<4>(pixels, weights, taps, count, i, sums);
  for (; i + Lanes::count <= count; i += Lanes::count) sum_lanes<1>(pixels, weights, taps, count, i, sums);
  for (; i < count; ++i) {
    uint32_t sum = 0;
    for (int64_t tap = 0; tap < taps; ++tap)
      sum += static_cast<uint32_t>(int32_t{pixels[tap][i]} * int32_t{weights[tap * count + i]});
    sums[i] = static_cast<int32_t>(sum);
  }
}

}  // namespace
}  // namespace passerelle::hostnn
