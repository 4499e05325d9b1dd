// What a single operand must satisfy, whatever reads or writes it.
#include <limits>
#include <string>

#include "call.h"
#include "passerelle/nnapi/legality.h"

namespace passerelle::nnapi {
namespace {

struct Range {
  int32_t lowest;
  int32_t highest;
};

constexpr Range zero_points[] = {
#define PASSERELLE_OPERAND_TYPE(name, code, level, bytes, kind, lowest, highest) {lowest, highest},
#include "passerelle/nnapi/operand_types.def"
#undef PASSERELLE_OPERAND_TYPE
};

std::string decimal(float value) { return std::to_string(value); }

/// Each returns why the operand is wrong, or nothing.
std::string wrong_scale(const OperandView& operand) {
  std::string type(name(operand.type));
  bool per_channel = operand.type == OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL;
  if (is_quantized(operand.type) && !per_channel) {
    if (operand.scale > 0) return {};
    return type + " needs a scale greater than 0, not " + decimal(operand.scale);
  }
  if (operand.type == OperandType::TENSOR_INT32) {  // the bias of a quantized convolution has one
    return operand.scale >= 0 ? std::string() : type + " takes no negative scale";
  }
  return operand.scale == 0 ? std::string() : type + " has no scale, so it must be 0, not " + decimal(operand.scale);
}

std::string wrong_zero_point(const OperandView& operand) {
  Range range = zero_points[static_cast<int32_t>(operand.type)];
  if (operand.zero_point >= range.lowest && operand.zero_point <= range.highest) return {};
  std::string wanted = range.lowest == range.highest
                           ? std::to_string(range.lowest)
                           : "from " + std::to_string(range.lowest) + " to " + std::to_string(range.highest);
  return "zero point " + std::to_string(operand.zero_point) + " of " + std::string(name(operand.type)) + " must be " +
         wanted;
}

std::string wrong_channels(const OperandView& operand) {
  bool per_channel = operand.type == OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL;
  if (!per_channel)
    return operand.channel_scales.empty() ? "" : "only TENSOR_QUANT8_SYMM_PER_CHANNEL has channel scales";
  if (operand.channel_dimension >= operand.dimensions.size()) {
    return "channel dimension " + std::to_string(operand.channel_dimension) + " does not exist in rank " +
           std::to_string(operand.dimensions.size());
  }
  uint32_t channels = operand.dimensions[operand.channel_dimension];
  if (channels == 0) return "the size of the channel dimension must be known";
  if (operand.channel_scales.size() != channels) {
    return std::to_string(operand.channel_scales.size()) + " channel scales for " + std::to_string(channels) +
           " channels";
  }
  for (float scale : operand.channel_scales)
    if (!(scale > 0)) return "channel scales must be greater than 0, not " + decimal(scale);
  return {};
}

/// Bytes of the sizes that are known; more than 32 bits hold where it is too much.
uint64_t byte_count(const OperandView& operand) {
  uint64_t bytes = element_size(operand.type);
  for (uint32_t size : operand.dimensions)
    if (size != 0 && bytes <= std::numeric_limits<uint32_t>::max()) bytes *= size;
  return bytes;
}

std::string wrong_dimensions(const OperandView& operand) {
  if (!is_tensor(operand.type)) {
    return operand.dimensions.empty() ? std::string()
                                      : "the scalar " + std::string(name(operand.type)) + " has dimensions";
  }
  if (byte_count(operand) > std::numeric_limits<uint32_t>::max()) {
    return "a tensor of shape " + shape_text(operand) + " is over 4 GiB";
  }
  if (!operand.is_constant || operand.omitted) return {};
  if (operand.dimensions.empty()) return "a constant tensor has rank 1 or more (one element: shape 1)";
  for (uint32_t size : operand.dimensions)
    if (size == 0) return "the sizes of a constant must be known and not 0, not " + shape_text(operand);
  return {};
}

std::string wrong_value(const OperandView& operand) {
  if (!operand.is_constant || !operand.value || operand.value_size == byte_count(operand)) return {};
  return "its value has " + std::to_string(operand.value_size) + " bytes instead of " +
         std::to_string(byte_count(operand));
}

}  // namespace

Legality legality(const OperandView& operand) {
  for (auto* wrong : {wrong_dimensions, wrong_scale, wrong_zero_point, wrong_channels, wrong_value})
    if (std::string reason = wrong(operand); !reason.empty()) return {0, reason};
  constexpr FeatureLevel unknown_rank = 3;
  if (is_tensor(operand.type) && !has_rank(operand) && introduced(operand.type) < unknown_rank)
    return {unknown_rank, "a tensor of unknown rank needs " + std::string(feature_level_name(unknown_rank))};
  return {introduced(operand.type), {}};
}

}  // namespace passerelle::nnapi
