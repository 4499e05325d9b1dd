// Convolutions, FULLY_CONNECTED and pools: quantized bias and output, channels, and padding that fits the window.
#include <algorithm>
#include <cmath>
#include <string>

#include "rules.h"

namespace passerelle::nnapi::rules {
namespace {

std::string operation_name(const Call& call) { return std::string(name(call.operation())); }

uint32_t size_of(const OperandView& operand, size_t dimension) {
  return has_rank(operand) ? operand.dimensions[dimension] : 0;
}

/// The channels of the image; 0 where they are not known, or the layout is not.
uint32_t image_channels(const Call& call) {
  bool nchw = false;
  if (call.input("nchw")) {
    std::optional<bool> value = call.boolean("nchw");
    if (!value) return 0;
    nchw = *value;
  }
  return size_of(*call.input("input"), nchw ? 1 : 3);
}

void require_equal(Call& call, uint32_t a, uint32_t b, const std::string& what) {
  call.require(!differ(a, b), operation_name(call) + "'s " + what + " must agree, not " + std::to_string(a) + " and " +
                                  std::to_string(b));
}

/// The bias is added to the products, so it has their scale. A per-channel filter gives a scale to each element of the
/// bias, and none to the operand.
void bias_scale(Call& call, const OperandView& filter) {
  if (!is_quantized(call.type())) return;
  const OperandView& bias = *call.input("bias");
  if (filter.type == OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL) {
    call.require(bias.scale == 0, operation_name(call) + " with a per-channel filter needs a bias of scale 0");
    return;
  }
  constexpr double tolerance = 1e-6;
  double product = call.input("input")->scale * filter.scale;  // as a float, like Android
  double scale = bias.scale;
  call.require(std::abs(product - scale) <= tolerance * std::min(product, scale),
               operation_name(call) + "'s bias must have the scale of its input times that of its filter");
}

void output_scale(Call& call, const OperandView& filter) {
  if (call.type() != OperandType::TENSOR_QUANT8_ASYMM) return;
  if (call.output().scale > call.input("input")->scale * filter.scale) return;
  call.needs(3, operation_name(call) + " whose output scale is not over its input's times its filter's");
}

void channel_dimension(Call& call, uint32_t wanted) {
  const OperandView& filter = *call.input("filter");
  if (filter.type != OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL) return;
  call.require(filter.channel_dimension == wanted,
               operation_name(call) + "'s per-channel filter must have channel dimension " + std::to_string(wanted) +
                   ", not " + std::to_string(filter.channel_dimension));
}

/// Padding by a whole window or more is refused; a PAD before the operation does it.
void padding_within(Call& call, const char* direction, const char* before, const char* after, int64_t window) {
  if (window <= 0) return;
  for (const char* side : {before, after}) {
    std::optional<int32_t> padding = call.integer(side);
    call.require(!padding || *padding < window,
                 operation_name(call) + "'s " + side + " of " + std::to_string(padding.value_or(0)) +
                     " must be less than the window's " + direction + " of " + std::to_string(window));
  }
}

/// What dilation makes of a size of the filter; 0 where it is not known.
int64_t dilated(const Call& call, uint32_t size, const char* dilation) {
  if (size == 0 || (call.input(dilation) && !call.integer(dilation))) return 0;
  return (int64_t{size} - 1) * call.integer(dilation).value_or(1) + 1;
}

/// Filters are [.., height, width, ..].
void filter_padding(Call& call) {
  const OperandView& filter = *call.input("filter");
  padding_within(call, "height", "padding_top", "padding_bottom", dilated(call, size_of(filter, 1), "dilation_height"));
  padding_within(call, "width", "padding_left", "padding_right", dilated(call, size_of(filter, 2), "dilation_width"));
}

}  // namespace

void convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 0);
  bias_scale(call, filter);
  output_scale(call, filter);
  require_equal(call, image_channels(call), size_of(filter, 3), "channels of input and filter");
  require_equal(call, size_of(*call.input("bias"), 0), size_of(filter, 0), "lengths of bias and filter");
  filter_padding(call);
}

void depthwise_convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 3);
  bias_scale(call, filter);
  output_scale(call, filter);
  require_equal(call, size_of(filter, 0), 1, "first dimension of the filter and 1");
  require_equal(call, size_of(*call.input("bias"), 0), size_of(filter, 3), "lengths of bias and filter");
  if (std::optional<int32_t> multiplier = call.integer("depth_multiplier"))
    require_equal(call, image_channels(call) * static_cast<uint32_t>(*multiplier), size_of(filter, 3),
                  "channels of input times depth_multiplier and those of the filter");
  filter_padding(call);
}

void grouped_convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 0);
  bias_scale(call, filter);
  require_equal(call, size_of(*call.input("bias"), 0), size_of(filter, 0), "lengths of bias and filter");
  if (std::optional<int32_t> groups = call.integer("num_groups"); groups && *groups > 0) {
    uint32_t count = static_cast<uint32_t>(*groups);
    require_equal(call, image_channels(call), size_of(filter, 3) * count,
                  "channels of input and those of the filter times num_groups");
    call.require(size_of(filter, 0) % count == 0, "GROUPED_CONV_2D's output channels must be a multiple of num_groups");
  }
  filter_padding(call);
}

void transposed_convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 0);
  bias_scale(call, filter);
  require_equal(call, image_channels(call), size_of(filter, 3), "channels of input and filter");
  require_equal(call, size_of(*call.input("bias"), 0), size_of(filter, 0), "lengths of bias and filter");
}

void fully_connected(Call& call) {
  const OperandView& input = *call.input("input");
  const OperandView& weights = *call.input("weights");
  bias_scale(call, weights);
  output_scale(call, weights);
  require_equal(call, size_of(*call.input("bias"), 0), size_of(weights, 0), "lengths of bias and weights");
  uint64_t elements = 1;
  for (uint32_t size : input.dimensions) elements *= size;
  uint32_t columns = size_of(weights, 1);
  call.require(!has_rank(input) || columns == 0 || elements % columns == 0,
               "FULLY_CONNECTED can't divide an input of shape " + shape_text(input) + " into rows of " +
                   std::to_string(columns));
}

void pool(Call& call) {
  padding_within(call, "height", "padding_top", "padding_bottom", call.integer("filter_height").value_or(0));
  padding_within(call, "width", "padding_left", "padding_right", call.integer("filter_width").value_or(0));
}

}  // namespace passerelle::nnapi::rules
