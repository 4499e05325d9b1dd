#include "kernel.h"

namespace passerelle::hostnn {

void refuse(std::string message) { throw Refusal{std::move(message)}; }

int64_t checked_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    refuse("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  return axis < 0 ? axis + rank : axis;
}

const Tensor& Call::tensor(size_t index) const {
  if (!has(index)) refuse("input " + std::to_string(index) + " has no value");
  return inputs_[index];
}

namespace {

Quantization quantization_of(const Operand& operand) {
  return {operand.scale, operand.zero_point, operand.channel_scales, operand.channel_dimension};
}

}  // namespace

Quantization Call::quantization(size_t index) const {
  return quantization_of(graph_.operands[operation_.inputs[index]]);
}

Quantization Call::output_quantization(size_t index) const {
  return quantization_of(graph_.operands[operation_.outputs[index]]);
}

// Scalars lie in memory as one element: read it, rather than go through LibTorch's item().

int64_t Call::integer(size_t index) const { return *tensor(index).data_ptr<int32_t>(); }

double Call::real(size_t index) const { return *tensor(index).data_ptr<float>(); }

bool Call::boolean(size_t index) const { return *tensor(index).data_ptr<bool>(); }

std::vector<int64_t> Call::integers(size_t index) const {
  const Tensor values = tensor(index).contiguous();
  const int32_t* data = values.data_ptr<int32_t>();
  return {data, data + values.numel()};
}

int64_t Call::axis(size_t index, int64_t rank) const { return checked_axis(integer(index), rank); }

}  // namespace passerelle::hostnn
