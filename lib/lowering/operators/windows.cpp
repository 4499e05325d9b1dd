// Windows of an image as columns of a matrix, and back: torch.nn.Unfold and Fold.
#include <cstdint>
#include <utility>
#include <vector>

#include "convolution.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// Where the windows' elements lie along one dimension: all windows for the first tap, then for the second, ...
std::vector<int32_t> taps_of_windows(int32_t taps, int32_t windows, int32_t stride, int32_t dilation) {
  std::vector<int32_t> places;
  for (int32_t tap = 0; tap < taps; ++tap)
    for (int32_t window = 0; window < windows; ++window) places.push_back(tap * dilation + window * stride);
  return places;
}

/// How many windows there are along one dimension.
int32_t window_count(int32_t size, int32_t padding, int32_t dilation, int32_t taps, int32_t stride) {
  return (size + 2 * padding - dilation * (taps - 1) - 1) / stride + 1;
}

struct Windows {
  HeightWidth taps, stride, padding, dilation;
  HeightWidth count(int32_t height, int32_t width) const {
    return {window_count(height, padding.height, dilation.height, taps.height, stride.height),
            window_count(width, padding.width, dilation.width, taps.width, stride.width)};
  }
};

Windows windows_of(const Context& c) {
  return {spatial_integers(c, "kernel_size", 2, 1), spatial_integers(c, "stride", 2, 1),
          spatial_integers(c, "padding", 2, 0), spatial_integers(c, "dilation", 2, 1)};
}

/// [N, C, H, W] → [N, C * taps, windows]: torch.nn.Unfold.
void lower_im2col(Context& c) {
  Value image = as_image(c, c.tensor("self"), 2);
  const Shape shape = image.shape();
  const Windows windows = windows_of(c);
  const HeightWidth count = windows.count(static_cast<int32_t>(shape[2]), static_cast<int32_t>(shape[3]));
  const auto [top, left] = windows.padding;
  image = padded(c, image, {{0, 0}, {0, 0}, {top, top}, {left, left}}, 0);
  image = gathered(c, image, 2,
                   taps_of_windows(windows.taps.height, count.height, windows.stride.height, windows.dilation.height));
  image = gathered(c, image, 3,
                   taps_of_windows(windows.taps.width, count.width, windows.stride.width, windows.dilation.width));
  // [N C taps_h, windows_h, taps_w, windows_w], of which the middle two change places.
  const auto of = [](int32_t number) { return static_cast<uint32_t>(number); };
  const Value split = reshaped(
      c, image,
      {shape[0] * shape[1] * of(windows.taps.height), of(count.height), of(windows.taps.width), of(count.width)});
  c.result(reshaped(c, transposed(c, split, {0, 2, 1, 3}), c.result_type().shape));
}

/// torch.nn.Fold: a transposed convolution, each of whose input channels is one tap of the window.
void lower_col2im(Context& c) {
  const Windows windows = windows_of(c);
  const std::vector<int64_t> size = c.integers("output_size", 2);
  const auto height = static_cast<int32_t>(size[0]), width = static_cast<int32_t>(size[1]);
  const HeightWidth count = windows.count(height, width);
  const auto taps = static_cast<uint32_t>(windows.taps.height * windows.taps.width);
  const auto pixels = static_cast<uint32_t>(count.height * count.width);
  const Value columns = c.tensor("self");
  const auto images = static_cast<uint32_t>(graph::element_count(columns.shape()) / (size_t{taps} * pixels));
  std::vector<float> one_tap_each(size_t{taps} * taps, 0.0f);
  for (uint32_t tap = 0; tap < taps; ++tap) one_tap_each[size_t{tap} * (taps + 1)] = 1;
  const Shape filter{taps, 1, static_cast<uint32_t>(windows.taps.height), static_cast<uint32_t>(windows.taps.width)};
  const auto left_over = [](int32_t size, int32_t windows, int32_t stride, int32_t padding, int32_t dilation,
                            int32_t taps) {
    return size - ((windows - 1) * stride - 2 * padding + dilation * (taps - 1) + 1);
  };
  ConvolutionParameters parameters{c.constant_operand(Constant::from(std::move(one_tap_each), filter)),
                                   c.constant_operand(Constant::filled(0, {1}))};
  parameters.stride = windows.stride;
  parameters.padding = windows.padding;
  parameters.dilation = windows.dilation;
  parameters.output_padding = {left_over(height, count.height, windows.stride.height, windows.padding.height,
                                         windows.dilation.height, windows.taps.height),
                               left_over(width, count.width, windows.stride.width, windows.padding.width,
                                         windows.dilation.width, windows.taps.width)};
  const Shape stacked{images, taps, static_cast<uint32_t>(count.height), static_cast<uint32_t>(count.width)};
  result_from_nhwc(c, transposed_convolution(c, to_nhwc(reshape(columns, stacked)), parameters));
}

constexpr Lowering table[] = {
    {"aten::im2col", lower_im2col, "PAD, GATHER, TRANSPOSE", ""},
    {"aten::col2im", lower_col2im, "TRANSPOSE_CONV_2D", ""},
};

}  // namespace

Span<const Lowering> window_lowerings() { return table; }

}  // namespace passerelle::lowering
