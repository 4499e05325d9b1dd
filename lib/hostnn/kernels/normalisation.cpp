// L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION, INSTANCE_NORMALIZATION.
#include "image.h"

namespace passerelle::hostnn {
namespace {

Tensors l2_normalization(const Call& call) {
  const Tensor& values = call.tensor(0);
  require(values.dim() <= 4, "a tensor of rank over 4");
  const int64_t axis = checked_axis(call.integer_or(1, -1), values.dim());
  return {values / values.square().sum(axis, true).sqrt_().clamp_min_(1e-6)};
}

/// Each element is divided by a power of the sum of squares within `radius` of it along the axis.
Tensors local_response_normalization(const Call& call) {
  const Tensor& values = call.tensor(0);
  require(values.dim() <= 4, "a tensor of rank over 4");
  const int64_t axis = checked_axis(call.integer_or(5, -1), values.dim());
  require(call.integer(1) >= 0, "the radius is negative");
  const int64_t radius = std::min<int64_t>(call.integer(1), values.size(axis));
  const Tensor squares = at::constant_pad_nd(values.square().transpose(axis, -1), {radius, radius});
  const Tensor sums = squares.unfold(-1, 2 * radius + 1, 1).sum(-1).transpose(axis, -1);
  return {values * (sums * call.real(3) + call.real(2)).pow_(-call.real(4))};
}

Tensors instance_normalization(const Call& call) {
  const bool nchw = call.boolean(4);
  const Tensor image = to_nchw(call.tensor(0), nchw);
  const Tensor centred = image - image.mean({2, 3}, true);
  const Tensor deviation = (centred.square().mean({2, 3}, true) + call.real(3)).sqrt_();
  return {from_nchw(centred * call.real(1) / deviation + call.real(2), nchw)};
}

constexpr Row rows[] = {
    {OperationType::INSTANCE_NORMALIZATION, instance_normalization, float32},
    {OperationType::L2_NORMALIZATION, l2_normalization, float32},
    {OperationType::LOCAL_RESPONSE_NORMALIZATION, local_response_normalization, float32},
};

}  // namespace

Span<const Row> normalisation_rows() { return rows; }

}  // namespace passerelle::hostnn
