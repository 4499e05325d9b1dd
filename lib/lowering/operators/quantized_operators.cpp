// Which operators quantized tensors go through as they are, and quantize and dequantize themselves.
#include <string>
#include <unordered_set>

#include "families.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

/// Operators of aten whose results have their operand's scale and zero point, in PyTorch and in their ordinary
/// lowering: those that move elements or choose among them, clamps, and averages over windows.
constexpr const char* scale_keepers[] = {
    // Shapes.
    "view", "_unsafe_view", "_reshape_alias", "reshape", "view_as", "reshape_as", "flatten", "ravel", "unflatten",
    "squeeze", "unsqueeze", "permute", "transpose", "swapdims", "swapaxes", "t", "mT", "numpy_T", "movedim", "moveaxis",
    "expand", "expand_as", "broadcast_to", "repeat", "tile", "repeat_interleave",
    // Parts.
    "slice", "select", "narrow", "split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes", "chunk",
    "unsafe_chunk", "tensor_split", "unbind", "index_select", "flip", "roll", "rot90",
    // Borders.
    "constant_pad_nd", "pad", "_pad_enum", "_pad_circular", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
    "replication_pad1d", "replication_pad2d", "replication_pad3d",
    // Images.
    "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "upsample_nearest1d",
    "upsample_nearest2d", "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "pixel_shuffle", "pixel_unshuffle",
    "channel_shuffle", "native_channel_shuffle",
    // Clamps.
    "relu", "relu6", "hardtanh", "clamp", "clip", "clamp_min", "clamp_max", "leaky_relu",
    // The border between integers and floats.
    "quantize_per_tensor", "quantize_per_tensor_dynamic", "dequantize", "int_repr"};

void lower_quantize(Context& c) {
  // A list of tensors has a list of scales.
  const bool list = !c.has("self");
  if (list) c.refuse(Reason::argument, "it quantizes a list of tensors", "quantize one tensor at a time");
  const TensorType type = c.result_type();
  if (!nnapi::is_quantized(type.type))
    c.refuse(Reason::quantization, "NNAPI has no activations of 32-bit quantized integers",
             "quantize to torch.quint8 or torch.qint8");
  c.result(quantize(c.tensor("self"), type.type, type.quantization));
}

void lower_quantize_dynamic(Context& c) {
  c.refuse(Reason::quantization, "its scale depends on the input's values",
           "quantize with a scale from calibration (static quantization)");
}

void lower_quantize_per_channel(Context& c) {
  c.refuse(Reason::quantization, "NNAPI has a scale for each channel for weights only",
           "quantize activations with one scale (torch.quantize_per_tensor)");
}

void lower_dequantize(Context& c) {
  if (c.has("self") && c.is_tensor("self")) {
    const Value value = c.tensor("self");
    return c.result(nnapi::is_quantized(value.element_type()) ? dequantize(value) : value);
  }
  Values results;
  for (Value value : c.tensors(c.has("tensors") ? "tensors" : "qtensors")) results.push_back(dequantize(value));
  c.results(results);
}

void lower_int_repr(Context& c) { c.result(integers_of(c.tensor("self"))); }

constexpr Lowering table[] = {
    {"aten::quantize_per_tensor", lower_quantize, "QUANTIZE", "qint32"},
    {"aten::quantize_per_tensor_dynamic", lower_quantize_dynamic, "", "always"},
    {"aten::quantize_per_channel", lower_quantize_per_channel, "", "always"},
    {"aten::dequantize", lower_dequantize, "DEQUANTIZE", ""},
    {"aten::int_repr", lower_int_repr, "CAST", ""},
};

}  // namespace

/// CAST reads quantized tensors as the integers that they hold; signed ones it only copies.
Value integers_of(Value value) {
  constexpr OperandType integer = OperandType::TENSOR_INT32;
  if (value.is(OperandType::TENSOR_QUANT8_ASYMM)) return graph::cast(value, integer);
  // At most 256 numbers: half a step is far off, so that FLOOR finds the integer half a step below.
  const graph::Quantization quantization = value.quantization();
  return graph::cast(floor(dequantize(value) * (1.0 / quantization.scale) + (quantization.zero_point + 0.5)), integer);
}

Span<const Lowering> quantization_lowerings() { return table; }

bool keeps_scale(std::string_view op) {
  static const std::unordered_set<std::string_view> names(std::begin(scale_keepers), std::end(scale_keepers));
  constexpr std::string_view prefix = "aten::";
  return op.substr(0, prefix.size()) == prefix && names.count(op.substr(prefix.size())) != 0;
}

const Lowering* quantized_lowering(std::string_view op) {
  for (Span<const Lowering> rows : {quantized_activations_of_aten(), quantized_arithmetic_of_aten()})
    for (const Lowering& row : rows)
      if (row.op == op) return &row;
  return nullptr;
}

bool lowers_in_integers(std::string_view op) {
  if (quantized_lowering(op)) return true;
  for (Span<const Lowering> family : {quantization_lowerings(), quantized_activation_lowerings(),
                                      quantized_arithmetic_lowerings(), quantized_layer_lowerings()})
    for (const Lowering& row : family)
      if (row.op == op) return true;
  return false;
}

}  // namespace passerelle::lowering
