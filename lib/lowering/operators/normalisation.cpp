// Normalisation by known statistics (batch norm) and by the tensor's own (instance, group and layer norm).
#include <cmath>
#include <limits>
#include <optional>

#include "families.h"
#include "layers.h"

namespace passerelle::lowering {
namespace {

using Axes = std::vector<uint32_t>;

Value mean(Value x, const Axes& axes) { return reduce(Op::MEAN, x, axes, true); }

Axes axes_between(size_t first, size_t end) {
  Axes axes;
  for (size_t axis = first; axis < end; ++axis) axes.push_back(static_cast<uint32_t>(axis));
  return axes;
}

/// Size `channels` in dimension 1, 1 elsewhere.
Shape channel_shape(size_t rank, uint32_t channels) {
  Shape shape(rank, 1);
  shape[1] = channels;
  return shape;
}

/// (value - mean) / sqrt(variance + epsilon), with the variance that divides by the number of elements.
template <typename Average>
Value standardise(Context& c, Value value, double epsilon, Average&& average) {
  const Value centred = value - average(value);
  const Value variance = average(centred * centred);
  const Value factor = rsqrt(variance + epsilon);
  return centred * factor;
}

/// value * weight + bias, each where it is given, reshaped to `shape`.
Value scale_and_shift(Context& c, Value value, const Shape& shape) {
  if (!c.is_none("weight")) value = value * reshape(c.tensor("weight"), shape);
  if (!c.is_none("bias")) value = value + reshape(c.tensor("bias"), shape);
  return value;
}

// --- By known statistics.

/// value * (weight / sqrt(variance + epsilon)) + (bias - mean * that), computed here.
Value normalise_by_constants(Context& c, Value value, double epsilon) {
  const std::vector<float> means = c.required_constant("running_mean").floats();
  const std::vector<float> variances = c.required_constant("running_var").floats();
  auto values_or = [&](std::string_view name, float otherwise) {
    return c.is_none(name) ? std::vector<float>(means.size(), otherwise) : c.required_constant(name).floats();
  };
  const std::vector<float> weights = values_or("weight", 1), biases = values_or("bias", 0);
  std::vector<float> factors(means.size()), offsets(means.size());
  for (size_t i = 0; i < means.size(); ++i) {
    const double factor = weights[i] / std::sqrt(double{variances[i]} + epsilon);
    factors[i] = static_cast<float>(factor);
    offsets[i] = static_cast<float>(biases[i] - means[i] * factor);
  }
  const Shape shape = channel_shape(value.rank(), static_cast<uint32_t>(means.size()));
  value = value * c.constant_operand(Constant::from(std::move(factors), shape));
  return value + c.constant_operand(Constant::from(std::move(offsets), shape));
}

void lower_batch_norm(Context& c) {
  const Value input = c.tensor("input");
  const double epsilon = c.number(c.has("eps") ? "eps" : "epsilon");
  const bool training = c.has("training") && c.boolean("training");
  if (!training && !c.is_none("running_mean")) {
    c.result(normalise_by_constants(c, input, epsilon));
    return;
  }
  // Without running statistics it takes the batch's own.
  Axes axes = axes_between(2, input.rank());
  axes.insert(axes.begin(), 0);
  const Value normalised = standardise(c, input, epsilon, [&](Value value) { return mean(value, axes); });
  c.result(scale_and_shift(c, normalised, channel_shape(input.rank(), input.shape()[1])));
}

// --- By each image's own statistics.

/// Over all dimensions behind the channel's.
Value normalise_channels(Context& c, Value value, double epsilon) {
  if (value.rank() != 4)
    return standardise(c, value, epsilon, [&](Value of) { return mean(of, axes_between(2, value.rank())); });
  const Value nhwc = to_nhwc(value);
  const Argument one = 1.0f, zero = 0.0f;
  return to_nchw(c.builder().emit(
      Op::INSTANCE_NORMALIZATION,
      {{"input", nhwc}, {"gamma", one}, {"beta", zero}, {"epsilon", static_cast<float>(epsilon)}, {"nchw", false}}));
}

void lower_instance_norm(Context& c) {
  const Value input = c.tensor("input");
  const double epsilon = c.number("eps");
  if (!c.boolean("use_input_stats")) {
    c.result(normalise_by_constants(c, input, epsilon));
    return;
  }
  c.result(scale_and_shift(c, normalise_channels(c, input, epsilon), channel_shape(input.rank(), input.shape()[1])));
}

/// The average over each group of channels and all that lies behind them, in a shape that broadcasts: [N, C, 1, ...].
/// First over the dimensions behind, so that only a tensor of [N, C] needs another shape: that leaves the layout free.
Value group_mean(Context& c, Value value, uint32_t groups) {
  const size_t rank = value.rank();
  if (rank > 2) value = mean(value, axes_between(2, rank));
  const Shape channels = value.shape();
  const uint32_t size = channels[1] / groups;
  const Value average = mean(reshape(value, {channels[0], groups, size}), {2});
  const Value repeated = average * c.constant_operand(Constant::filled(1, {1, 1, size}));
  return reshape(repeated, channels);
}

void lower_group_norm(Context& c) {
  const Value input = c.tensor("input");
  const double epsilon = c.number("eps");
  const size_t rank = input.rank();
  const uint32_t channels = input.shape()[1];
  const auto groups = static_cast<uint32_t>(c.integer(c.has("num_groups") ? "num_groups" : "group"));
  Value normalised = input;
  if (groups == channels && rank > 2) {
    normalised = normalise_channels(c, input, epsilon);
  } else if (groups == 1) {
    normalised = standardise(c, input, epsilon, [&](Value value) { return mean(value, axes_between(1, rank)); });
  } else {
    normalised = standardise(c, input, epsilon, [&](Value value) { return group_mean(c, value, groups); });
  }
  c.result(scale_and_shift(c, normalised, channel_shape(rank, channels)));
}

void lower_layer_norm(Context& c) {
  const std::vector<int64_t> normalised = c.integers("normalized_shape");
  const Value result = standardise_last(c, c.tensor("input"), normalised.size(), c.number("eps"));
  c.result(scale_and_shift(c, result, Shape(normalised.begin(), normalised.end())));
}

/// What PyTorch takes where none is given: the least that can be added to 1.
double usual_epsilon(const Context& c) {
  switch (c.info("input").type) {
    case graph::ElementType::float64: return std::numeric_limits<double>::epsilon();
    case graph::ElementType::float16: return 1.0 / 1024;
    default: return std::numeric_limits<float>::epsilon();
  }
}

/// input / sqrt(mean(input^2) + epsilon) * weight
void lower_rms_norm(Context& c) {
  const Value input = c.tensor("input");
  const std::vector<int64_t> normalised = c.integers("normalized_shape");
  const double epsilon = c.is_none("eps") ? usual_epsilon(c) : c.number("eps");
  const Value average = mean(input * input, axes_between(input.rank() - normalised.size(), input.rank()));
  c.result(scale_and_shift(c, input * rsqrt(average + epsilon), Shape(normalised.begin(), normalised.end())));
}

constexpr std::string_view own_statistics = "MEAN, SUB, MUL, ADD, RSQRT";

const Lowering table[] = {
    {"aten::batch_norm", lower_batch_norm, "MUL, ADD", ""},
    {"aten::native_batch_norm", lower_batch_norm, "MUL, ADD", "the statistics"},
    {"aten::cudnn_batch_norm", lower_batch_norm, "MUL, ADD", "the statistics"},
    {"aten::_batch_norm_impl_index", lower_batch_norm, "MUL, ADD", "the statistics"},
    {"aten::_native_batch_norm_legit", lower_batch_norm, "MUL, ADD", "the statistics"},
    {"aten::_native_batch_norm_legit_no_training", lower_batch_norm, "MUL, ADD", "the statistics"},
    {"aten::_batch_norm_no_update", lower_batch_norm, "MUL, ADD", "the statistics"},
    {"aten::instance_norm", lower_instance_norm, "INSTANCE_NORMALIZATION, MUL, ADD", ""},
    {"aten::group_norm", lower_group_norm, own_statistics, ""},
    {"aten::native_group_norm", lower_group_norm, own_statistics, "the statistics"},
    {"aten::layer_norm", lower_layer_norm, own_statistics, ""},
    {"aten::native_layer_norm", lower_layer_norm, own_statistics, "the statistics"},
    {"aten::rms_norm", lower_rms_norm, "MUL, MEAN, ADD, RSQRT", ""},
    {"aten::_fused_rms_norm", lower_rms_norm, "MUL, MEAN, ADD, RSQRT", "the factors"},
};

}  // namespace

Value standardise_last(Context& c, Value value, size_t dimensions, double epsilon) {
  const Axes axes = axes_between(value.rank() - dimensions, value.rank());
  return standardise(c, value, epsilon, [&](Value of) { return mean(of, axes); });
}

Span<const Lowering> normalisation_lowerings() { return table; }

}  // namespace passerelle::lowering
