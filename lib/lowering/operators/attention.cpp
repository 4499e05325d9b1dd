// Attention, as PyTorch's fused operators mean it.
#include <algorithm>
#include <cmath>
#include <optional>

#include "arithmetic.h"
#include "conversion.h"
#include "families.h"
#include "layers.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// Rows first .. first + count of a parameter.
Constant rows(const Constant& parameter, uint32_t first, uint32_t count) { return parameter.sliced(0, first, count); }

/// [batch, length, heads * size] → [batch, heads, length, size]
Value split_heads(Context& c, Value value, uint32_t heads) {
  const Shape shape = value.shape();
  return transpose(reshape(value, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

/// [batch, heads, length, size] → [batch, length, heads * size]
Value join_heads(Context& c, Value value) {
  const Shape shape = value.shape();
  return reshape(transpose(value, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

Value softmax_of_last(Context& c, Value value) { return softmax(value, static_cast<uint32_t>(value.rank()) - 1); }

enum class TrueMeans { attended, masked };

/// A mask as what is added to the scores. Minus infinity, as PyTorch has it: a row without anything to attend to is
/// then not a number there and here.
Value additive_mask(Context& c, std::string_view name, TrueMeans true_means) {
  const float where_true = true_means == TrueMeans::masked ? -INFINITY : 0;
  const float where_false = true_means == TrueMeans::masked ? 0 : -INFINITY;
  if (const std::optional<Constant> mask = c.constant(name)) {
    std::vector<float> values = mask->floats();
    for (float& value : values) value = value != 0 ? where_true : where_false;
    return c.constant_operand(Constant::from(std::move(values), mask->shape()));
  }
  const Value mask = cast(c, c.tensor(name), OperandType::TENSOR_BOOL8);
  const Shape shape = mask.shape();
  return select(c, mask, filled(c, where_true, OperandType::TENSOR_FLOAT32, shape),
                filled(c, where_false, OperandType::TENSOR_FLOAT32, shape));
}

/// The mask in a shape that is broadcast to [batch, heads, length, length]: mask_type 0 is [length, length], 1 is
/// [batch, length], and 2 has all four dimensions. Numbers are bools here, too: what is not 0 is masked.
Value masked(Context& c, Value scores) {
  if (c.is_none("mask")) return scores;
  Value mask = additive_mask(c, "mask", TrueMeans::masked);
  const Shape shape = mask.shape();
  if (shape.size() == 2) {
    const bool is_padding = c.integer_or("mask_type", 0) == 1;
    mask = reshape(mask, is_padding ? Shape{shape[0], 1, 1, shape[1]} : Shape{1, 1, shape[0], shape[1]});
  }
  return scores + mask;
}

/// The three projections' parameters lie above one another in qkv_weight and qkv_bias.
Value projected(Context& c, Value value, uint32_t part, uint32_t size) {
  const Constant weights = rows(c.required_constant("qkv_weight"), part * size, size);
  const Constant bias = rows(c.required_constant("qkv_bias"), part * size, size);
  return fully_connected(c, value, c.constant_operand(weights), c.constant_operand(bias));
}

struct Attention {
  Value output;   // [batch, length, size]
  Value weights;  // [batch, heads, length, length]
};

Attention attend(Context& c, Value query, Value key, Value value, uint32_t size, uint32_t heads) {
  const double scale = 1 / std::sqrt(static_cast<double>(size / heads));
  const Value q = split_heads(c, projected(c, query, 0, size) * scale, heads);
  const Value k = split_heads(c, projected(c, key, 1, size), heads);
  const Value v = split_heads(c, projected(c, value, 2, size), heads);
  const Value scores = matrix_product(c, q, transpose(k, {0, 1, 3, 2}));
  const Value weights = softmax_of_last(c, masked(c, scores));
  const Value joined = join_heads(c, matrix_product(c, weights, v));
  return {fully_connected(c, joined, c.tensor("proj_weight"), c.tensor("proj_bias")), weights};
}

uint32_t positive(Context& c, std::string_view name) { return static_cast<uint32_t>(c.integer(name)); }

void lower_multi_head_attention(Context& c) {
  const Attention attention = attend(c, c.tensor("query"), c.tensor("key"), c.tensor("value"), positive(c, "embed_dim"),
                                     positive(c, "num_head"));
  c.result(0, attention.output);
  if (!c.is_used(1)) return;
  Value weights = attention.weights;
  if (c.boolean("average_attn_weights")) weights = reduce(Op::MEAN, weights, {1}, false);
  c.result(1, weights);
}

Value layer_norm(Context& c, Value value, const char* weight, const char* bias) {
  value = standardise_last(c, value, 1, c.number("eps"));
  value = value * c.tensor(weight);
  return value + c.tensor(bias);
}

void lower_transformer_encoder_layer(Context& c) {
  const Value source = c.tensor("src");
  const bool norm_first = c.boolean("norm_first");
  auto attended = [&](Value value) {
    return attend(c, value, value, value, positive(c, "embed_dim"), positive(c, "num_heads")).output;
  };
  auto fed_forward = [&](Value value) {
    value = fully_connected(c, value, c.tensor("ffn_weight_1"), c.tensor("ffn_bias_1"));
    value = c.boolean("use_gelu") ? gelu(value) : relu(value);
    return fully_connected(c, value, c.tensor("ffn_weight_2"), c.tensor("ffn_bias_2"));
  };
  auto first_norm = [&](Value value) { return layer_norm(c, value, "norm_weight_1", "norm_bias_1"); };
  auto second_norm = [&](Value value) { return layer_norm(c, value, "norm_weight_2", "norm_bias_2"); };

  Value value = source + attended(norm_first ? first_norm(source) : source);
  if (!norm_first) value = first_norm(value);
  value = value + fed_forward(norm_first ? second_norm(value) : value);
  c.result(norm_first ? value : second_norm(value));
}

/// Each of the heads as often as `heads` (0: any number) has it: neighbouring heads of the query share one.
Value shared_heads(Context& c, Value value, uint32_t heads) {
  if (heads == 0) return value;
  const auto dimension = static_cast<uint32_t>(value.rank() - 3);
  const uint32_t sharing = heads / value.shape()[dimension];
  std::vector<int32_t> indices;
  for (uint32_t head = 0; head < heads; ++head) indices.push_back(static_cast<int32_t>(head / sharing));
  return gathered(c, value, dimension, indices);
}

/// What is added to the scores so that no query attends to keys behind its own place.
Value causal_mask(Context& c, Value scores) {
  const uint32_t length = scores.shape()[scores.rank() - 2], keys = scores.shape().back();
  std::vector<float> mask(size_t{length} * keys);
  for (uint32_t i = 0; i < length; ++i)
    for (uint32_t j = i + 1; j < keys; ++j) mask[size_t{i} * keys + j] = -INFINITY;
  return c.constant_operand(Constant::from(std::move(mask), {length, keys}));
}

/// What is added to the scores, if anything is: the mask that is given and the causal one.
std::optional<Value> added_mask(Context& c, Value scores) {
  std::optional<Value> mask;
  if (c.has("is_causal") && c.boolean("is_causal")) mask = causal_mask(c, scores);
  for (std::string_view name : {"attn_mask", "attn_bias"}) {
    if (c.is_none(name)) continue;
    const bool is_bool = c.info(name).type == graph::ElementType::bool8;
    const Value given = is_bool ? additive_mask(c, name, TrueMeans::attended) : c.tensor(name);
    mask = mask ? *mask + given : given;
  }
  return mask;
}

/// Which rows have anything to attend to, [..., length, 1]; nothing where all of them have.
std::optional<Value> attending_rows(Context& c, Value mask) {
  const auto last = static_cast<uint32_t>(mask.rank() - 1);
  const std::optional<Constant> known = mask.constant();
  if (!known) return reduce(Op::REDUCE_ANY, not_equal(mask, -INFINITY), {last}, true);
  const std::vector<float> values = known->floats();
  const auto keys = static_cast<std::ptrdiff_t>(known->shape().back());
  std::vector<uint8_t> attends;
  for (auto row = values.begin(); row != values.end(); row += keys)
    attends.push_back(std::any_of(row, row + keys, [](float added) { return added != -INFINITY; }));
  if (std::find(attends.begin(), attends.end(), 0) == attends.end()) return std::nullopt;
  Shape shape = known->shape();
  shape.back() = 1;
  return c.constant_operand(Constant::from(std::move(attends), shape).converted(graph::ElementType::bool8));
}

/// softmax(query · keyᵀ / sqrt(size) + mask) · value; a mask of bools is true where attention is paid, one of numbers
/// is added. A row without anything to attend to is zeros, as PyTorch has it from 2.5 on; 1.13's own form, which gives
/// the weights too, has no number there.
void lower_scaled_dot_product(Context& c) {
  if (c.number_or("dropout_p", 0) != 0) c.refuse(Reason::nondeterministic, "it drops attention weights at random");
  const Value query = c.tensor("query");
  const size_t rank = query.rank();
  const uint32_t heads = rank > 2 && c.has("enable_gqa") && c.boolean("enable_gqa") ? query.shape()[rank - 3] : 0;
  const Value key = shared_heads(c, c.tensor("key"), heads), value = shared_heads(c, c.tensor("value"), heads);
  Permutation swapped = graph::identity_permutation(rank);
  std::swap(swapped[rank - 1], swapped[rank - 2]);
  double scale = 1 / std::sqrt(static_cast<double>(query.shape().back()));
  if (!c.is_none("scale")) scale = c.number("scale");
  Value scores = matrix_product(c, query * scale, transpose(key, swapped));
  const std::optional<Value> mask = added_mask(c, scores);
  if (mask) scores = scores + *mask;
  const Value weights = softmax_of_last(c, scores);
  const Shape shape = c.result_type().shape;
  const Value attended = reshape(matrix_product(c, weights, value), shape);

  const bool gives_weights = c.has("need_attn_weights");
  std::optional<Value> rows;
  if (mask && !gives_weights) rows = attending_rows(c, *mask);
  const OperandType real = OperandType::TENSOR_FLOAT32;
  c.result(0, rows ? chosen(c, *rows, attended, filled(c, 0, real, shape), shape) : attended);
  if (gives_weights && c.is_used(1)) c.result(1, weights);
}

constexpr std::string_view first_alone = "all results but the first";
constexpr std::string_view fused = "FULLY_CONNECTED, BATCH_MATMUL, SOFTMAX";

const Lowering table[] = {
    {"aten::_native_multi_head_attention", lower_multi_head_attention, fused, ""},
    {"aten::_scaled_dot_product_attention", lower_scaled_dot_product, fused, ""},
    {"aten::_scaled_dot_product_cudnn_attention", lower_scaled_dot_product, fused, first_alone},
    {"aten::_scaled_dot_product_efficient_attention", lower_scaled_dot_product, fused, first_alone},
    {"aten::_scaled_dot_product_flash_attention", lower_scaled_dot_product, fused, first_alone},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", lower_scaled_dot_product, fused, first_alone},
    {"aten::_transformer_encoder_layer_fwd", lower_transformer_encoder_layer, fused, ""},
    {"aten::scaled_dot_product_attention", lower_scaled_dot_product, fused, ""},
};

}  // namespace

Span<const Lowering> attention_lowerings() { return table; }

}  // namespace passerelle::lowering
