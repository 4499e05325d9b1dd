#include "image.h"

#include "passerelle/support/check.h"

namespace passerelle::lowering {

OperandId as_image(Context& c, OperandId value, size_t spatial_rank) {
  const Shape& shape = c.shape(value);
  check(shape.size() > spatial_rank, "an image has a channel dimension");
  const size_t channel = shape.size() - spatial_rank - 1;
  uint32_t batch = 1;
  for (size_t i = 0; i < channel; ++i) batch *= shape[i];
  const uint32_t height = spatial_rank == 2 ? shape[channel + 1] : 1;
  return c.reshape(value, {batch, shape[channel], height, shape.back()});
}

void result_from_nhwc(Context& c, OperandId nhwc) { c.result(c.reshape(c.to_nchw(nhwc), c.result_type().shape)); }

HeightWidth spatial_integers(const Context& c, std::string_view name, size_t spatial_rank, int32_t unit) {
  const std::vector<int64_t> values = c.integers(name, spatial_rank);
  if (spatial_rank == 1) return {unit, static_cast<int32_t>(values[0])};
  return {static_cast<int32_t>(values[0]), static_cast<int32_t>(values[1])};
}

}  // namespace passerelle::lowering
