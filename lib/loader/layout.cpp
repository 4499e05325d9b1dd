#include "layout.h"

#include <algorithm>
#include <cstring>

namespace passerelle::loader {
namespace {

/// Rows become columns. In tiles, so that what is read and what is written both stay in the cache.
template <size_t element_size>
void transpose(const unsigned char* in, unsigned char* out, size_t rows, size_t columns) {
  constexpr size_t tile = 32;
  for (size_t row = 0; row < rows; row += tile) {
    for (size_t column = 0; column < columns; column += tile) {
      const size_t row_end = std::min(rows, row + tile);
      const size_t column_end = std::min(columns, column + tile);
      for (size_t r = row; r < row_end; ++r)
        for (size_t c = column; c < column_end; ++c)
          std::memcpy(out + (c * rows + r) * element_size, in + (r * columns + c) * element_size, element_size);
    }
  }
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
