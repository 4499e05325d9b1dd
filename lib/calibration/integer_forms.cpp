#include "integer_forms.h"

#include <algorithm>
#include <limits>

#include "passerelle/support/check.h"

namespace passerelle::calibration {
namespace {

using graph::Graph;
using graph::OperandId;
using graph::OperandType;
using graph::Operation;
using Op = graph::OperationType;

struct Row {
  Op type;
  Role role;
};

constexpr Row table[] = {
    {Op::CONV_2D, Role::layer},
    {Op::DEPTHWISE_CONV_2D, Role::layer},
    {Op::FULLY_CONNECTED, Role::layer},
    {Op::GROUPED_CONV_2D, Role::layer},
    {Op::TRANSPOSE_CONV_2D, Role::layer},
    {Op::BATCH_TO_SPACE_ND, Role::moves},
    {Op::CHANNEL_SHUFFLE, Role::moves},
    {Op::DEPTH_TO_SPACE, Role::moves},
    {Op::EXPAND_DIMS, Role::moves},
    {Op::GATHER, Role::moves},
    {Op::MAX_POOL_2D, Role::moves},
    {Op::MIRROR_PAD, Role::moves},
    {Op::PAD, Role::moves},
    {Op::PAD_V2, Role::moves},
    {Op::REDUCE_MAX, Role::moves},
    {Op::REDUCE_MIN, Role::moves},
    {Op::RESHAPE, Role::moves},
    {Op::RESIZE_NEAREST_NEIGHBOR, Role::moves},
    {Op::REVERSE, Role::moves},
    {Op::SLICE, Role::moves},
    {Op::SPACE_TO_BATCH_ND, Role::moves},
    {Op::SPACE_TO_DEPTH, Role::moves},
    {Op::SPLIT, Role::moves},
    {Op::SQUEEZE, Role::moves},
    {Op::STRIDED_SLICE, Role::moves},
    {Op::TILE, Role::moves},
    {Op::TRANSPOSE, Role::moves},
    {Op::AVERAGE_POOL_2D, Role::averages},
    {Op::MEAN, Role::averages},
    {Op::RESIZE_BILINEAR, Role::averages},
    {Op::RELU, Role::clamps},
    {Op::RELU1, Role::clamps},
    {Op::RELU6, Role::clamps},
    {Op::L2_NORMALIZATION, Role::prescribed},
    {Op::LOGISTIC, Role::prescribed},
    {Op::SOFTMAX, Role::prescribed},
    {Op::TANH, Role::prescribed},
    {Op::ADD, Role::arithmetic},
    {Op::CONCATENATION, Role::arithmetic},
    {Op::HARD_SWISH, Role::arithmetic},
    {Op::MAXIMUM, Role::arithmetic},
    {Op::MINIMUM, Role::arithmetic},
    {Op::MUL, Role::arithmetic},
    {Op::PRELU, Role::arithmetic},
    {Op::SUB, Role::arithmetic},
};

bool is_float(const Graph& graph, OperandId id) { return graph.type(id).type == OperandType::TENSOR_FLOAT32; }

bool has_constant_weights(const Graph& graph, const Operation& operation) {
  const std::optional<OperandId> bias = operation.optional_operand("bias");
  return !graph.is_constant(operation.operand("input")) &&
         graph.is_constant(operation.operand(weights_of(operation).name)) && bias && graph.is_constant(*bias);
}

bool is_over_image(const Graph& graph, const Operation& mean) {
  const OperandId axes = mean.operand("axes");
  if (!graph.is_constant(axes) || graph.shape(mean.operand("input")).size() != 4) return false;
  std::vector<int64_t> named = graph[axes].constant->integers();
  for (int64_t& axis : named) axis = axis < 0 ? axis + 4 : axis;
  std::sort(named.begin(), named.end());
  return named == std::vector<int64_t>{1, 2};
}

}  // namespace

Role role_of(const Graph& graph, const Operation& operation) {
  if (!operation.type) return Role::floats;
  const auto* row =
      std::find_if(std::begin(table), std::end(table), [&](const Row& each) { return operation.is(each.type); });
  if (row == std::end(table)) return Role::floats;
  for (OperandId id : operation.outputs)
    if (!is_float(graph, id)) return Role::floats;
  if (row->role == Role::layer && !has_constant_weights(graph, operation)) return Role::floats;
  return row->role;
}

bool can_rescale(const Graph& graph, const Operation& operation) {
  constexpr uint32_t largest_window = 256;  // see passes/rewrites/quantization.cpp
  if (operation.is(Op::MEAN)) {
    const graph::Shape& shape = graph.shape(operation.operand("input"));
    return is_over_image(graph, operation) && shape[1] * shape[2] <= largest_window;
  }
  if (!operation.is(Op::AVERAGE_POOL_2D) || operation.boolean("nchw")) return false;
  for (const char* name : {"padding_left", "padding_right", "padding_top", "padding_bottom"})
    if (operation.integer(name) != 0) return false;
  return uint32_t(operation.integer("filter_height")) * uint32_t(operation.integer("filter_width")) <= largest_window;
}

Limits limits_of(const Operation& operation) {
  constexpr float none = std::numeric_limits<float>::infinity();
  // Half a step of 1/256, and of 1/128, from the ends of the results.
  constexpr float flat_logistic = 6.24f, flat_tanh = 3.12f;
  switch (*operation.type) {
    case Op::LOGISTIC: return {-flat_logistic, flat_logistic};
    case Op::TANH: return {-flat_tanh, flat_tanh};
    case Op::HARD_SWISH: return {-3, none};
    case Op::RELU: return {0, none};
    case Op::RELU1: return {-1, 1};
    case Op::RELU6: return {0, 6};
    default: return {-none, none};
  }
}

graph::Quantization prescribed_scale(const Operation& operation, bool is_signed) {
  const bool is_centred = operation.is(Op::TANH) || operation.is(Op::L2_NORMALIZATION);
  graph::Quantization result;
  result.scale = is_centred ? 1.0f / 128 : 1.0f / 256;
  result.zero_point = (is_centred ? 128 : 0) - (is_signed ? 128 : 0);
  return result;
}

Weights weights_of(const Operation& layer) {
  switch (*layer.type) {
    case Op::DEPTHWISE_CONV_2D: return {"filter", 3, true};
    case Op::FULLY_CONNECTED: return {"weights", 0, false};
    default: return {"filter", 0, true};
  }
}

}  // namespace passerelle::calibration
