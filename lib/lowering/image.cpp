#include "image.h"

#include "passerelle/support/check.h"

namespace passerelle::lowering {

Value as_image(Context& c, Value value, size_t spatial_rank) {
  const Shape& shape = value.shape();
  check(shape.size() > spatial_rank, "an image has a channel dimension");
  const size_t channel = shape.size() - spatial_rank - 1;
  uint32_t batch = 1;
  for (size_t i = 0; i < channel; ++i) batch *= shape[i];
  const uint32_t height = spatial_rank == 2 ? shape[channel + 1] : 1;
  return reshape(value, {batch, shape[channel], height, shape.back()});
}

Value depth_as_height(Context& c, Value volume) {
  const Shape shape = volume.shape();
  const size_t rank = shape.size();
  const uint32_t depth = shape[rank - 3], pixels = shape[rank - 2] * shape[rank - 1];
  const auto batch = static_cast<uint32_t>(graph::element_count(shape) / (size_t{depth} * pixels));
  return to_nhwc(reshape(volume, {1, batch, depth, pixels}));
}

Value slices_as_channels(Context& c, Value columns, uint32_t height) {
  const Value image = to_nchw(columns);
  const Shape shape = image.shape();
  return to_nhwc(reshape(image, {1, shape[1] * shape[2], height, shape[3] / height}));
}

void result_from_nhwc(Context& c, Value nhwc) { c.result(reshape(to_nchw(nhwc), c.result_type().shape)); }

HeightWidth spatial_integers(const Context& c, std::string_view name, size_t spatial_rank, int32_t unit) {
  const std::vector<int64_t> values = c.integers(name, spatial_rank);
  const auto width = static_cast<int32_t>(values.back());
  return {spatial_rank == 1 ? unit : static_cast<int32_t>(values[values.size() - 2]), width};
}

}  // namespace passerelle::lowering
