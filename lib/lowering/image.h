// Images: tensors whose last one or two dimensions are spatial, in the rank-4 NCHW form of NNAPI's operations on them.
#pragma once

#include <cstdint>

#include "context.h"

namespace passerelle::lowering {

/// [.., C, H, W] → [N, C, H, W], and for one spatial dimension [.., C, W] → [N, C, 1, W]; a missing batch becomes 1.
Value as_image(Context& c, Value value, size_t spatial_rank);

/// A volume [.., D, H, W] as an NHWC image of its depth: [1, D, H * W, everything before].
Value depth_as_height(Context& c, Value volume);

/// What `depth_as_height` gave (its depth may have changed since) as an NHWC image of its slices:
/// [1, height, H * W / height, everything before and D].
Value slices_as_channels(Context& c, Value columns, uint32_t height);

/// Binds an NHWC image to the node's first result, whatever the rank of that is.
void result_from_nhwc(Context& c, Value nhwc);

/// The positions of height and width in an NHWC shape.
inline constexpr uint32_t nhwc_height = 1;
inline constexpr uint32_t nhwc_width = 2;
inline constexpr uint32_t nhwc_channels = 3;

/// A pair of arguments, one for each spatial dimension.
struct HeightWidth {
  int32_t height;
  int32_t width;
};

/// The last two of an int[] argument of one element for each spatial dimension (or one for all); the height of a signal
/// without one is `unit`.
HeightWidth spatial_integers(const Context& c, std::string_view name, size_t spatial_rank, int32_t unit);

}  // namespace passerelle::lowering
