#include "layout.h"

#include <algorithm>
#include <cstring>

namespace passerelle::loader {
namespace {

/// Rows become columns, in tiles: what is read and what is written both stay in the cache. What is read or what is
/// written lies in order, and the other far apart; the fewer such lines there are, the better they stay in the cache.
template <size_t element_size, bool writes_in_order>
void transpose(const unsigned char* in, unsigned char* out, size_t rows, size_t columns) {
  constexpr size_t tile = 16;
  const size_t outer_size = writes_in_order ? columns : rows, inner_size = writes_in_order ? rows : columns;
  for (size_t outer = 0; outer < outer_size; outer += tile) {
    const size_t outer_end = std::min(outer_size, outer + tile);
    for (size_t inner = 0; inner < inner_size; inner += tile) {
      const size_t inner_end = std::min(inner_size, inner + tile);
      for (size_t i = outer; i < outer_end; ++i)
        for (size_t k = inner; k < inner_end; ++k) {
          const size_t in_order = (i * inner_size + k) * element_size, apart = (k * outer_size + i) * element_size;
          std::memcpy(out + (writes_in_order ? in_order : apart), in + (writes_in_order ? apart : in_order),
                      element_size);
        }
    }
  }
}

template <size_t element_size>
void transpose(const unsigned char* in, unsigned char* out, size_t rows, size_t columns) {
  return rows > columns ? transpose<element_size, true>(in, out, rows, columns)
                        : transpose<element_size, false>(in, out, rows, columns);
}

}  // namespace

void convert_layout(const void* in, void* out, Span<const uint32_t> shape, size_t element_size, blob::Layout from) {
  const size_t channels = shape[1];
  const size_t pixels = size_t{shape[2]} * shape[3];
  const bool channels_first = from == blob::Layout::as_pytorch;
  const size_t rows = channels_first ? channels : pixels;
  const size_t columns = channels_first ? pixels : channels;
  const auto transpose_one = element_size == 1 ? transpose<1> : element_size == 2 ? transpose<2> : transpose<4>;
  const size_t image_size = channels * pixels * element_size;
  for (size_t image = 0; image < shape[0]; ++image)
    transpose_one(static_cast<const unsigned char*>(in) + image * image_size,
                  static_cast<unsigned char*>(out) + image * image_size, rows, columns);
}

}  // namespace passerelle::loader
