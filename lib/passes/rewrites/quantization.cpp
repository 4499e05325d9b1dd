// Quantized operations that NNAPI has otherwise than the lowerings say them.
//
//   a scale that NNAPI prescribes          → the operation at that scale, then a requantization
//   HARD_SWISH (feature level 4)           → ADD, MUL where these round alike, else CAST, GATHER
//   CONCATENATION of several scales (3)    → requantizations before it
//   MEAN over an image (2)                 → AVERAGE_POOL_2D
//   MEAN and AVERAGE_POOL_2D to a finer scale → DEPTHWISE_CONV_2D
//   RESIZE_BILINEAR by a whole factor, half pixels (4) → DEPTHWISE_CONV_2D, CHANNEL_SHUFFLE, DEPTH_TO_SPACE
//   FULLY_CONNECTED, scales per channel    → CONV_2D
//   what has no integer kernel, or none within a step → DEQUANTIZE, the operation on floats, QUANTIZE
//
// A requantization is an ADD of 0.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "quantized_forms.h"
#include "rewriter.h"

namespace passerelle::passes {
namespace {

bool is_quantized(Rewriter& r, OperandId id) { return nnapi::is_quantized(r.type(id).type); }

bool rewrite_scale(Rewriter& r, const Operation& operation) {
  const TensorType input = r.type(operation.operand("input")), wanted = r.type(operation.output());
  if (operation.outputs.size() != 1 || input.type != wanted.type) return false;
  const std::optional<graph::Quantization> prescribed = prescribed_output(operation, input);
  if (!prescribed || *prescribed == wanted.quantization) return false;
  if (!is_within_a_step(operation, *prescribed, wanted.quantization)) return false;
  TensorType type = wanted;
  type.quantization = *prescribed;
  Operation prescription = operation;
  prescription.outputs = {r.graph().add_operand(std::move(type))};
  const OperandId made = prescription.output();
  r.editor().keep(std::move(prescription));
  r.replace(operation, requantized(r.editor(), made, wanted.quantization));
  return true;
}

// --- HARD_SWISH.

constexpr int32_t entries = 256;  // of 8 bits

/// The result's integer for each integer of the operand, both from 0 on, where `y_of` gives the result.
template <typename Function>
std::vector<int32_t> table_of(const TensorType& from, const TensorType& to, const Function& y_of) {
  const auto first = [](const TensorType& type) {
    return type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED ? -entries / 2 : 0;
  };
  const int32_t zero_from = from.quantization.zero_point - first(from);
  const int32_t zero_to = to.quantization.zero_point - first(to);
  std::vector<int32_t> results;
  for (int32_t integer = 0; integer < entries; ++integer) {
    const double x = double{from.quantization.scale} * (integer - zero_from);
    const double steps = std::nearbyint(y_of(x) / to.quantization.scale) + zero_to;
    results.push_back(static_cast<int32_t>(std::clamp(steps, 0.0, entries - 1.0)));
  }
  return results;
}

std::vector<int32_t> hard_swish_table(const TensorType& from, const TensorType& to) {
  return table_of(from, to, [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; });
}

/// h = relu6(x + 3) / 6 in so many steps: how many of the results of x · h differ from HARD_SWISH's own.
struct Gate {
  int32_t steps = entries - 1;
  size_t differing = entries;
};

/// The number of steps is free, and which of the results are rounded the other way depends on it: with some nearly all
/// are right.
Gate best_gate(const TensorType& from, const TensorType& to) {
  const std::vector<int32_t> wanted = hard_swish_table(from, to);
  Gate best;
  for (int32_t steps = entries - 1; steps >= entries / 2 && best.differing > 0; --steps) {
    // MUL wants a coarser result than the product of its operands.
    if (!(to.quantization.scale > from.quantization.scale / static_cast<float>(steps))) continue;
    const std::vector<int32_t> given = table_of(from, to, [&](double x) {
      return x * std::clamp(std::round((x + 3) / 6 * steps), 0.0, double(steps)) / steps;
    });
    Gate gate{steps, 0};
    bool within_a_step = true;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (given[i] != wanted[i]) ++gate.differing;
      within_a_step = within_a_step && std::abs(given[i] - wanted[i]) <= 1;
    }
    if (within_a_step && gate.differing < best.differing) best = gate;
  }
  return best;
}

bool rewrite_hard_swish(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const TensorType type = r.type(operation.output());
  if (!is_quantized(r, input)) return false;
  const Gate gate = best_gate(r.type(input), type);
  constexpr size_t hardly_any = 2;  // a convolution rounds more of its results otherwise
  const bool has_tables = r.level() >= nnapi::introduced(Op::GATHER);
  if (gate.differing == entries || (has_tables && gate.differing > hardly_any)) return false;
  const bool is_signed = type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  TensorType sixfold = type;
  sixfold.quantization.scale = 6.0f / static_cast<float>(gate.steps);
  sixfold.quantization.zero_point = is_signed ? -entries / 2 : 0;
  TensorType single = sixfold;
  single.quantization.scale = 1.0f / static_cast<float>(gate.steps);
  const OperandId three = quantized_scalar(r.editor(), 3, type), sixth = quantized_scalar(r.editor(), 1.0f / 6, type);
  // Numbers below 0 saturate, and those above 6 where that is the last of the type's.
  constexpr int32_t none = 0, relu6 = 3;
  const OperandId sum =
      r.emit(Op::ADD, {{"input1", input}, {"input2", three}, {"activation", gate.steps < entries - 1 ? relu6 : none}},
             sixfold);
  const OperandId h = r.emit(Op::MUL, {{"input1", sum}, {"input2", sixth}}, single);
  r.replace(operation, r.emit(Op::MUL, {{"input1", input}, {"input2", h}}, type));
  return true;
}

/// One of 256 numbers for each of 256, as LibTorch rounds them. Accelerators may lack GATHER, as they may lack floats;
/// but this is two operations, and right. Late: layout has no part in it.
bool rewrite_as_table(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const TensorType from = r.type(input), to = r.type(operation.output());
  constexpr OperandType byte = OperandType::TENSOR_QUANT8_ASYMM;
  if (r.level() < nnapi::introduced(Op::GATHER) || from.type != byte || to.type != byte) return false;
  const Constant table = Constant::from(hard_swish_table(from, to), {entries}).converted(graph::ElementType::quint8);
  TensorType integers = from;
  integers.type = OperandType::TENSOR_INT32;
  integers.quantization = {};
  r.replace(operation, r.emit(Op::GATHER,
                              {{"input", r.graph().add_constant(table, to.quantization)},
                               {"axis", 0},
                               {"indices", r.emit(Op::CAST, {{"input", input}}, integers)}},
                              to));
  return true;
}

bool rewrite_concatenation(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  if (!nnapi::is_quantized(type.type)) return false;
  Operation same = operation;
  bool differed = false;
  same.for_each_input([&](OperandId& id) {
    differed = differed || !(r.type(id).quantization == type.quantization);
    id = requantized(r.editor(), id, type.quantization);
  });
  if (differed) r.editor().keep(std::move(same));
  return differed;
}

/// Larger windows fall off accelerators (docs/nnapi.md, quantized averages).
constexpr uint32_t largest_window = 256;

uint32_t largest_divisor(uint32_t number, uint32_t limit) {
  uint32_t divisor = std::min(number, limit);
  while (number % divisor != 0) --divisor;
  return divisor;
}

/// Windows of windows: what the first pools round is averaged by the next. Nothing where a size has no divisors.
std::optional<OperandId> averaged_in_stages(Rewriter& r, OperandId image) {
  while (true) {
    const Shape shape = r.shape(image);
    if (shape[1] * shape[2] <= largest_window) return r.pool(Op::AVERAGE_POOL_2D, image, shape[1], shape[2]);
    constexpr uint32_t square = 16;
    const uint32_t height = largest_divisor(shape[1], square);
    const uint32_t width = largest_divisor(shape[2], largest_window / height);
    if (height * width == 1) return std::nullopt;
    image = r.pool(Op::AVERAGE_POOL_2D, image, height, width);
  }
}

/// Over height and width of [N, H, W, C]. The pool rounds to the nearest step where MEAN truncates.
bool rewrite_mean(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const std::optional<std::vector<int32_t>> axes = constant_list(r.graph(), operation.operand("axes"));
  const Shape shape = r.shape(input);
  if (!is_quantized(r, input) || !axes || shape.size() != 4) return false;
  if (!(r.type(input).quantization == r.type(operation.output()).quantization)) return false;
  std::vector<bool> reduced(4, false);
  for (int32_t axis : *axes) reduced[normalised_axis(axis, 4)] = true;
  if (reduced != std::vector<bool>{false, true, true, false}) return false;
  std::optional<OperandId> pooled = averaged_in_stages(r, input);
  if (!pooled && r.level() >= nnapi::introduced(Op::MEAN)) return false;
  if (!pooled) pooled = r.pool(Op::AVERAGE_POOL_2D, input, shape[1], shape[2]);
  r.replace(operation, r.reshape(*pooled, r.shape(operation.output())));
  return true;
}

/// A filter of numbers that are whole in steps of `scale`, for one image of either sign.
OperandId whole_filter(Rewriter& r, const std::vector<int32_t>& steps, const Shape& shape, float scale,
                       const TensorType& image) {
  const bool is_signed = image.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  graph::Quantization quantization;
  quantization.scale = scale;
  quantization.zero_point = is_signed ? -128 : 0;
  const auto type = is_signed ? graph::ElementType::qint8 : graph::ElementType::quint8;
  return r.graph().add_constant(Constant::from(steps, shape).shifted(quantization.zero_point, type), quantization);
}

OperandId convolve_each_channel(Rewriter& r, OperandId image, OperandId filter, const Operation* pool,
                                const TensorType& output) {
  const uint32_t channels = r.shape(filter)[3];
  graph::Quantization products;
  products.scale = r.type(image).quantization.scale * r.type(filter).quantization.scale;
  const Constant zeros = Constant::from(std::vector<int32_t>(channels, 0), {channels});
  const auto of_pool = [&](const char* name, int32_t otherwise) { return pool ? pool->integer(name) : otherwise; };
  return r.emit(Op::DEPTHWISE_CONV_2D,
                {{"input", image},
                 {"filter", filter},
                 {"bias", r.graph().add_constant(zeros, products)},
                 {"padding_left", 0},
                 {"padding_right", 0},
                 {"padding_top", 0},
                 {"padding_bottom", 0},
                 {"stride_width", of_pool("stride_width", 1)},
                 {"stride_height", of_pool("stride_height", 1)},
                 {"depth_multiplier", static_cast<int32_t>(channels / r.shape(image)[3])},
                 {"activation", of_pool("activation", 0)}},
                output);
}

/// An average is a convolution with equal weights, whose result may have any scale.
OperandId averaged(Rewriter& r, OperandId image, uint32_t height, uint32_t width, const Operation* pool,
                   const TensorType& output) {
  const uint32_t channels = r.shape(image)[3];
  const OperandId filter =
      whole_filter(r, std::vector<int32_t>(size_t{height} * width * channels, 1), {1, height, width, channels},
                   1.0f / static_cast<float>(height * width), r.type(image));
  return convolve_each_channel(r, image, filter, pool, output);
}

bool rewrite_mean_to_scale(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const std::optional<std::vector<int32_t>> axes = constant_list(r.graph(), operation.operand("axes"));
  const Shape shape = r.shape(input);
  TensorType type = r.type(operation.output());
  if (!axes || shape.size() != 4 || r.type(input).quantization == type.quantization) return false;
  std::vector<bool> reduced(4, false);
  for (int32_t axis : *axes) reduced[normalised_axis(axis, 4)] = true;
  if (reduced != std::vector<bool>{false, true, true, false} || shape[1] * shape[2] > largest_window) return false;
  const Shape result = type.shape;
  type.shape = {shape[0], 1, 1, shape[3]};
  r.replace(operation, r.reshape(averaged(r, input, shape[1], shape[2], nullptr, type), result));
  return true;
}

bool rewrite_pool_to_scale(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const TensorType type = r.type(operation.output());
  if (operation.boolean("nchw") || r.type(input).quantization == type.quantization) return false;
  // The windows at a border with padding have fewer elements.
  for (const char* name : {"padding_left", "padding_right", "padding_top", "padding_bottom"})
    if (operation.integer(name) != 0) return false;
  const auto height = static_cast<uint32_t>(operation.integer("filter_height"));
  const auto width = static_cast<uint32_t>(operation.integer("filter_width"));
  if (height * width > largest_window) return false;
  r.replace(operation, averaged(r, input, height, width, &operation, type));
  return true;
}

/// The first and the last element of a dimension once more.
OperandId with_border(Rewriter& r, OperandId value, size_t axis) {
  const auto size = static_cast<int32_t>(r.shape(value)[axis]);
  if (r.level() < nnapi::introduced(Op::GATHER))
    return r.concatenate({r.slice(value, axis, 0, 1), value, r.slice(value, axis, static_cast<uint32_t>(size - 1), 1)},
                         axis);
  std::vector<int32_t> indices{0};
  for (int32_t i = 0; i < size; ++i) indices.push_back(i);
  indices.push_back(size - 1);
  return r.gather(value, axis, indices);
}

/// Weights of the element before, the element and the one behind it, in 1 / (2 factor), for one of `factor` results.
std::vector<int32_t> phase_weights(int32_t factor, int32_t phase) {
  const int32_t offset = 2 * phase + 1 - factor;  // of the result's centre from the element's
  return {std::max(0, -offset), 2 * factor - std::abs(offset), std::max(0, offset)};
}

/// Each result of a whole factor with half pixels has its own filter of 3 x 3 taps; the results of an element are its
/// channels until DEPTH_TO_SPACE.
bool rewrite_bilinear(Rewriter& r, const Operation& operation) {
  OperandId image = operation.operand("input");
  const Shape input = r.shape(image), output = r.shape(operation.output());
  const auto factor = static_cast<int32_t>(output[1] / input[1]);
  constexpr int32_t largest_factor = 8;  // its weights have 8 bits
  const bool is_whole = factor >= 2 && factor <= largest_factor && output[1] == input[1] * uint32_t(factor) &&
                        output[2] == input[2] * uint32_t(factor);
  if (!is_whole || !operation.boolean("half_pixel_centers") || operation.boolean("nchw")) return false;
  const uint32_t channels = input[3], phases = static_cast<uint32_t>(factor * factor);
  std::vector<int32_t> filter(size_t{9} * channels * phases);
  for (uint32_t channel = 0; channel < channels; ++channel)
    for (uint32_t phase = 0; phase < phases; ++phase) {
      const std::vector<int32_t> rows = phase_weights(factor, static_cast<int32_t>(phase) / factor);
      const std::vector<int32_t> columns = phase_weights(factor, static_cast<int32_t>(phase) % factor);
      for (size_t y = 0; y < 3; ++y)
        for (size_t x = 0; x < 3; ++x)
          filter[(y * 3 + x) * channels * phases + channel * phases + phase] = rows[y] * columns[x];
    }
  const float scale = 1.0f / static_cast<float>(4 * factor * factor);
  TensorType type = r.type(operation.output());
  type.shape = {input[0], input[1], input[2], channels * phases};
  image = with_border(r, with_border(r, image, 1), 2);
  const OperandId weights = whole_filter(r, filter, {1, 3, 3, channels * phases}, scale, r.type(image));
  OperandId made = convolve_each_channel(r, image, weights, nullptr, type);
  if (channels > 1)
    made = r.emit(Op::CHANNEL_SHUFFLE, {{"input", made}, {"num_groups", static_cast<int32_t>(channels)}, {"axis", 3}},
                  type);
  type.shape = output;
  r.replace(operation, r.emit(Op::DEPTH_TO_SPACE, {{"input", made}, {"block_size", factor}}, type));
  return true;
}

/// A row is a pixel.
bool rewrite_linear(Rewriter& r, const Operation& operation) {
  const OperandId weights = operation.operand("weights");
  if (r.type(weights).type != OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL) return false;
  const Shape matrix = r.shape(weights);
  const TensorType type = r.type(operation.output());
  const uint32_t rows = type.shape[0];
  TensorType pixels = type;
  pixels.shape = {rows, 1, 1, matrix[0]};
  const Constant filter = r.graph()[weights].constant->reshaped({matrix[0], 1, 1, matrix[1]});
  const OperandId result = r.emit(Op::CONV_2D,
                                  {{"input", r.reshape(operation.operand("input"), {rows, 1, 1, matrix[1]})},
                                   {"filter", r.graph().add_constant(filter, r.type(weights).quantization)},
                                   {"bias", operation.operand("bias")},
                                   {"padding_left", 0},
                                   {"padding_right", 0},
                                   {"padding_top", 0},
                                   {"padding_bottom", 0},
                                   {"stride_width", 1},
                                   {"stride_height", 1},
                                   {"activation", operation.integer("activation")}},
                                  pixels);
  r.replace(operation, r.reshape(result, type.shape));
  return true;
}

// --- Floats where they are forced.

OperandId dequantized(Rewriter& r, OperandId value) {
  TensorType type = r.type(value);
  const graph::Quantization quantization = type.quantization;
  type.type = OperandType::TENSOR_FLOAT32;
  type.quantization = {};
  if (!r.graph().is_constant(value)) return r.emit(Op::DEQUANTIZE, {{"input", value}}, type);
  std::vector<float> values = r.graph()[value].constant->floats();
  for (float& each : values) each = (each - static_cast<float>(quantization.zero_point)) * quantization.scale;
  return r.floats(std::move(values), type.shape);
}

/// DEQUANTIZE, the operation, QUANTIZE. Below the level of QUANTIZE that would help nobody.
bool detour(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  if (operation.outputs.size() != 1 || r.level() < nnapi::introduced(Op::QUANTIZE)) return false;
  const bool is_legal_mean =
      operation.is(Op::MEAN) && r.type(operation.operand("input")).quantization == type.quantization;
  if (is_legal_mean) return false;
  Operation floats = operation;
  floats.for_each_input([&](OperandId& id) {
    if (is_quantized(r, id)) id = dequantized(r, id);
  });
  TensorType computed = type;
  if (nnapi::is_quantized(type.type)) computed.type = OperandType::TENSOR_FLOAT32;
  computed.quantization = {};
  if (floats.is(Op::PAD_V2)) return false;
  floats.outputs = {r.graph().add_operand(computed)};
  const OperandId result = floats.output();
  r.editor().keep(std::move(floats));
  r.replace(operation, nnapi::is_quantized(type.type) ? r.emit(Op::QUANTIZE, {{"input", result}}, type) : result);
  return true;
}

constexpr Stage early = Stage::before_layout, late = Stage::after_layout;

// In this order: what keeps integers first.
constexpr Rewrite rewrites[] = {
    {Op::AVERAGE_POOL_2D, early, rewrite_scale},
    {Op::LOGISTIC, early, rewrite_scale},
    {Op::L2_NORMALIZATION, early, rewrite_scale},
    {Op::MAX_POOL_2D, early, rewrite_scale},
    {Op::MEAN, early, rewrite_scale},
    {Op::RELU, early, rewrite_scale},
    {Op::RELU1, early, rewrite_scale},
    {Op::RELU6, early, rewrite_scale},
    {Op::RESIZE_BILINEAR, early, rewrite_scale},
    {Op::SOFTMAX, early, rewrite_scale},
    {Op::TANH, early, rewrite_scale},
    {Op::HARD_SWISH, early, rewrite_hard_swish},
    {Op::CONCATENATION, early, rewrite_concatenation},
    {Op::RESIZE_BILINEAR, early, rewrite_bilinear},
    {Op::MEAN, late, rewrite_mean_to_scale},
    {Op::AVERAGE_POOL_2D, late, rewrite_pool_to_scale},
    {Op::MEAN, late, rewrite_mean},
    {Op::FULLY_CONNECTED, late, rewrite_linear},
    {Op::HARD_SWISH, late, rewrite_as_table},
    {Op::ADD, early, detour},
    {Op::AVERAGE_POOL_2D, late, detour},
    {Op::ELU, early, detour},
    {Op::LOGISTIC, early, detour},
    {Op::L2_NORMALIZATION, early, detour},
    {Op::MEAN, late, detour},
    {Op::MUL, early, detour},
    {Op::PRELU, early, detour},
    {Op::RESIZE_BILINEAR, early, detour},
    {Op::RESIZE_NEAREST_NEIGHBOR, early, detour},
    {Op::SOFTMAX, early, detour},
    {Op::SUB, early, detour},
    {Op::TANH, early, detour},
};

}  // namespace

Span<const Rewrite> quantization_rewrites() { return rewrites; }

}  // namespace passerelle::passes
