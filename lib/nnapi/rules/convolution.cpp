// Convolutions, FULLY_CONNECTED and pools: quantized bias and output, channels, and padding that fits the window.
#include <algorithm>
#include <cmath>
#include <string>

#include "rules.h"
#include "sizes.h"

namespace passerelle::nnapi::rules {
namespace {

std::string operation_name(const Call& call) { return std::string(name(call.operation())); }

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
  padding_within(call, "height", "padding_top", "padding_bottom",
                 dilated(call, at(filter.dimensions, 1), "dilation_height"));
  padding_within(call, "width", "padding_left", "padding_right",
                 dilated(call, at(filter.dimensions, 2), "dilation_width"));
}

}  // namespace

void convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 0);
  bias_scale(call, filter);
  output_scale(call, filter);
  require_equal(call, image(call).channels, at(filter.dimensions, 3), "channels of input and filter");
  require_equal(call, at(call.sizes("bias"), 0), at(filter.dimensions, 0), "lengths of bias and filter");
  filter_padding(call);
}

void depthwise_convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 3);
  bias_scale(call, filter);
  output_scale(call, filter);
  require_equal(call, at(filter.dimensions, 0), 1, "first dimension of the filter and 1");
  require_equal(call, at(call.sizes("bias"), 0), at(filter.dimensions, 3), "lengths of bias and filter");
  if (std::optional<int32_t> multiplier = call.integer("depth_multiplier"))
    require_equal(call, image(call).channels * static_cast<uint32_t>(*multiplier), at(filter.dimensions, 3),
                  "channels of input times depth_multiplier and those of the filter");
  filter_padding(call);
}

void grouped_convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 0);
  bias_scale(call, filter);
  require_equal(call, at(call.sizes("bias"), 0), at(filter.dimensions, 0), "lengths of bias and filter");
  if (std::optional<int32_t> groups = call.integer("num_groups"); groups && *groups > 0) {
    uint32_t count = static_cast<uint32_t>(*groups);
    require_equal(call, image(call).channels, at(filter.dimensions, 3) * count,
                  "channels of input and those of the filter times num_groups");
    call.require(at(filter.dimensions, 0) % count == 0,
                 "GROUPED_CONV_2D's output channels must be a multiple of num_groups");
  }
  filter_padding(call);
}

void transposed_convolution(Call& call) {
  const OperandView& filter = *call.input("filter");
  channel_dimension(call, 0);
  bias_scale(call, filter);
  require_equal(call, image(call).channels, at(filter.dimensions, 3), "channels of input and filter");
  require_equal(call, at(call.sizes("bias"), 0), at(filter.dimensions, 0), "lengths of bias and filter");
}

void fully_connected(Call& call) {
  const OperandView& input = *call.input("input");
  const OperandView& weights = *call.input("weights");
  bias_scale(call, weights);
  output_scale(call, weights);
  require_equal(call, at(call.sizes("bias"), 0), at(weights.dimensions, 0), "lengths of bias and weights");
  uint64_t elements = 1;
  for (uint32_t size : input.dimensions) elements *= size;
  uint32_t columns = at(weights.dimensions, 1);
  call.require(!has_rank(input) || columns == 0 || elements % columns == 0,
               "FULLY_CONNECTED can't divide an input of shape " + shape_text(input) + " into rows of " +
                   std::to_string(columns));
}

void pool(Call& call) {
  padding_within(call, "height", "padding_top", "padding_bottom", call.integer("filter_height").value_or(0));
  padding_within(call, "width", "padding_left", "padding_right", call.integer("filter_width").value_or(0));
}

}  // namespace passerelle::nnapi::rules

namespace passerelle::nnapi::shapes {
namespace {

/// One direction of a window that slides over an image, by the names of the arguments that say so.
struct Direction {
  const char* before;
  const char* after;
  const char* stride;
  const char* dilation;
};
constexpr Direction vertical{"padding_top", "padding_bottom", "stride_height", "dilation_height"};
constexpr Direction horizontal{"padding_left", "padding_right", "stride_width", "dilation_width"};

constexpr int32_t padding_same = 1;

/// How many places a window of `window` elements has; 0 where it is not known.
uint32_t places(Call& call, const Direction& direction, uint32_t size, uint32_t window) {
  const std::optional<int32_t> stride = call.integer(direction.stride);
  const bool dilates = call.input(direction.dilation) != nullptr;
  const std::optional<int32_t> dilation = dilates ? call.integer(direction.dilation) : 1;
  if (size == 0 || window == 0 || !stride || *stride <= 0 || !dilation) return 0;
  const int64_t reach = (int64_t{window} - 1) * *dilation + 1;
  int64_t last = 0;  // where the last window may begin
  if (call.input("padding")) {
    const std::optional<int32_t> scheme = call.integer("padding");
    if (!scheme) return 0;
    last = *scheme == padding_same ? int64_t{size} - 1 : size - reach;
  } else {
    const std::optional<int32_t> before = call.integer(direction.before), after = call.integer(direction.after);
    if (!before || !after) return 0;
    last = int64_t{size} + *before + *after - reach;
  }
  return checked_size(call, last < 0 ? last : last / *stride + 1);
}

/// `channels` in place of the image's, and a place of the filter's window in place of each pixel.
Shapes convolved(Call& call, uint32_t channels) {
  const Sizes filter = call.sizes("filter");
  const Image input = image(call);
  return {sizes(call, {input.batches, places(call, vertical, input.height, at(filter, 1)),
                       places(call, horizontal, input.width, at(filter, 2)), channels})};
}

/// The inverse of `places`.
uint32_t spread(Call& call, const Direction& direction, uint32_t size, uint32_t window) {
  const std::optional<int32_t> stride = call.integer(direction.stride);
  const std::optional<int32_t> before = call.integer(direction.before), after = call.integer(direction.after);
  if (size == 0 || window == 0 || !stride || !before || !after) return 0;
  return checked_size(call, (int64_t{size} - 1) * *stride + window - *before - *after);
}

uint32_t window_size(const Call& call, const char* argument) {
  return static_cast<uint32_t>(std::max(call.integer(argument).value_or(0), 0));
}

}  // namespace

Shapes convolution(Call& call) { return convolved(call, at(call.sizes("filter"), 0)); }

Shapes depthwise_convolution(Call& call) { return convolved(call, at(call.sizes("filter"), 3)); }

Shapes transposed_convolution(Call& call) {
  if (call.input("output_shape")) {
    const std::optional<std::vector<int32_t>> given = call.integers("output_shape");
    if (!given) return {Sizes(4, 0)};
    Sizes result;
    for (int32_t size : *given) result.push_back(checked_size(call, size));
    return {result};
  }
  const Sizes filter = call.sizes("filter");
  const Image input = image(call);
  return {sizes(call, {input.batches, spread(call, vertical, input.height, at(filter, 1)),
                       spread(call, horizontal, input.width, at(filter, 2)), at(filter, 0)})};
}

/// Dimensions but the last are rows, as far as they are: the input is read as rows of the weights' length.
Shapes fully_connected(Call& call) {
  const Sizes input = call.sizes("input"), weights = call.sizes("weights");
  const uint32_t columns = at(weights, 1);
  const bool known = !input.empty() && columns != 0 && std::count(input.begin(), input.end(), 0u) == 0;
  uint64_t elements = 1;
  for (uint32_t size : input) elements *= size;
  return {{known ? checked_size(call, static_cast<int64_t>(elements / columns)) : 0, at(weights, 0)}};
}

Shapes pool(Call& call) {
  const Image input = image(call);
  return {sizes(call, {input.batches, places(call, vertical, input.height, window_size(call, "filter_height")),
                       places(call, horizontal, input.width, window_size(call, "filter_width")), input.channels})};
}

}  // namespace passerelle::nnapi::shapes
