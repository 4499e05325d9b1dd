#include "uncomputed_results.h"

#include <ATen/ATen.h>

#include <cstdint>

namespace passerelle::torchscript {

using c10::IValue;

namespace {

using Sizes = std::vector<int64_t>;

class Arguments {
 public:
  Arguments(const c10::FunctionSchema& schema, const std::vector<IValue>& values) : schema_(schema), values_(values) {}

  const IValue* find(std::string_view name) const {
    for (size_t i = 0; i < schema_.arguments().size() && i < values_.size(); ++i)
      if (schema_.arguments()[i].name() == name) return &values_[i];
    return nullptr;
  }
  /// Only float32 in dense memory: everything else has rules of its own for what comes out.
  std::optional<at::Tensor> matrix(std::string_view name) const {
    const IValue* value = find(name);
    if (value == nullptr || !value->isTensor()) return std::nullopt;
    const at::Tensor& tensor = value->toTensor();
    const bool plain = tensor.defined() && tensor.scalar_type() == at::kFloat && tensor.layout() == at::kStrided &&
                       tensor.device().is_cpu() && tensor.numel() > 0;
    return plain ? std::optional<at::Tensor>(tensor) : std::nullopt;
  }
  /// Of an image other strides count too: the result has them.
  std::optional<at::Tensor> tensor(std::string_view name) const {
    const std::optional<at::Tensor> tensor = matrix(name);
    return tensor && tensor->is_contiguous() ? tensor : std::nullopt;
  }
  /// Whether it is a tensor of this shape.
  bool has_shape(std::string_view name, at::IntArrayRef shape) const {
    const std::optional<at::Tensor> tensor = matrix(name);
    return tensor && tensor->sizes() == shape;
  }
  /// A bias of this many numbers, or none.
  bool has_bias(std::string_view name, int64_t size) const {
    const IValue* value = find(name);
    if (value == nullptr || value->isNone()) return true;
    const std::optional<at::Tensor> bias = tensor(name);
    return bias && bias->dim() == 1 && bias->size(0) == size;
  }
  /// One positive number (`lowest` or more) a dimension; one number counts for all.
  std::optional<Sizes> list(std::string_view name, size_t rank, int64_t lowest) const {
    const IValue* value = find(name);
    if (value == nullptr || !value->isIntList()) return std::nullopt;
    Sizes sizes = value->toIntVector();
    if (sizes.size() == 1) sizes.assign(rank, sizes.front());
    if (sizes.size() != rank) return std::nullopt;
    for (int64_t size : sizes)
      if (size < lowest || size > INT32_MAX) return std::nullopt;
    return sizes;
  }

 private:
  const c10::FunctionSchema& schema_;
  const std::vector<IValue>& values_;
};

/// Of a convolution without transposition, batched.
std::optional<Sizes> convolution_shape(const Arguments& arguments) {
  const auto input = arguments.tensor("input"), weight = arguments.tensor("weight");
  const IValue* groups = arguments.find("groups");
  const IValue* transposed = arguments.find("transposed");
  if (!input || !weight || weight->dim() < 3 || input->dim() != weight->dim()) return std::nullopt;
  if (groups == nullptr || !groups->isInt() || groups->toInt() < 1) return std::nullopt;
  if (transposed != nullptr && (!transposed->isBool() || transposed->toBool())) return std::nullopt;
  const auto rank = static_cast<size_t>(weight->dim() - 2);
  const auto stride = arguments.list("stride", rank, 1), dilation = arguments.list("dilation", rank, 1);
  const auto padding = arguments.list("padding", rank, 0);
  if (!stride || !dilation || !padding || !arguments.has_bias("bias", weight->size(0))) return std::nullopt;
  if (input->size(1) != weight->size(1) * groups->toInt() || weight->size(0) % groups->toInt() != 0)
    return std::nullopt;
  Sizes shape{input->size(0), weight->size(0)};
  for (size_t i = 0; i < rank; ++i) {
    const auto axis = static_cast<int64_t>(i) + 2;
    const int64_t covered = (*dilation)[i] * (weight->size(axis) - 1) + 1;
    const int64_t free = input->size(axis) + 2 * (*padding)[i] - covered;
    if (free < 0) return std::nullopt;
    shape.push_back(free / (*stride)[i] + 1);
  }
  return shape;
}

// Products of matrices are contiguous, whatever their factors are.

std::optional<Sizes> linear_shape(const Arguments& arguments) {
  const auto input = arguments.matrix("input"), weight = arguments.matrix("weight");
  if (!input || !weight || weight->dim() != 2 || input->dim() < 1 || input->size(-1) != weight->size(1))
    return std::nullopt;
  if (!arguments.has_bias("bias", weight->size(0))) return std::nullopt;
  Sizes shape = input->sizes().vec();
  shape.back() = weight->size(0);
  return shape;
}

/// Of matrices with the same batches, or of batches with one matrix: what attention is made of.
std::optional<Sizes> product_shape(const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() < 2 || b.dim() < 2 || a.size(-1) != b.size(-2)) return std::nullopt;
  Sizes shape = a.sizes().vec();
  if (b.dim() != 2) {
    if (a.dim() != b.dim()) return std::nullopt;
    for (int64_t i = 0; i + 2 < a.dim(); ++i)
      if (a.size(i) != b.size(i)) return std::nullopt;
  }
  shape.back() = b.size(-1);
  return shape;
}

std::optional<Sizes> matmul_shape(const Arguments& arguments) {
  const auto a = arguments.matrix("self");
  const auto b = arguments.matrix(arguments.find("mat2") != nullptr ? "mat2" : "other");
  return a && b ? product_shape(*a, *b) : std::nullopt;
}

std::optional<Sizes> addmm_shape(const Arguments& arguments) {
  const auto bias = arguments.matrix("self"), a = arguments.matrix("mat1"), b = arguments.matrix("mat2");
  if (!bias || !a || !b || a->dim() != 2 || b->dim() != 2) return std::nullopt;
  const std::optional<Sizes> shape = product_shape(*a, *b);
  const bool fits = shape && bias->dim() == 1 && bias->size(0) == shape->back();
  return fits ? shape : std::nullopt;
}

/// Of attention's own weights, which its fused forms share.
bool has_attention(const Arguments& arguments, const at::Tensor& input) {
  const IValue* size = arguments.find("embed_dim");
  const IValue* heads = arguments.find(arguments.find("num_head") != nullptr ? "num_head" : "num_heads");
  const IValue* mask = arguments.find("mask");
  if (input.dim() != 3 || size == nullptr || !size->isInt() || size->toInt() != input.size(2)) return false;
  if (heads == nullptr || !heads->isInt() || heads->toInt() < 1 || size->toInt() % heads->toInt() != 0) return false;
  const int64_t width = size->toInt();
  return (mask == nullptr || mask->isNone()) && arguments.has_shape("qkv_weight", {3 * width, width}) &&
         arguments.has_shape("qkv_bias", {3 * width}) && arguments.has_shape("proj_weight", {width, width}) &&
         arguments.has_shape("proj_bias", {width});
}

/// Of a batch with itself, where nobody asks for the weights.
std::optional<Sizes> attention_shape(const Arguments& arguments) {
  const auto query = arguments.tensor("query");
  const IValue* need_weights = arguments.find("need_weights");
  if (!query || need_weights == nullptr || !need_weights->isBool() || need_weights->toBool()) return std::nullopt;
  if (!has_attention(arguments, *query)) return std::nullopt;
  for (std::string_view other : {"key", "value"})
    if (!arguments.find(other)->isTensor() || !arguments.find(other)->toTensor().is_same(*query)) return std::nullopt;
  return query->sizes().vec();
}

std::optional<Sizes> encoder_layer_shape(const Arguments& arguments) {
  const auto input = arguments.tensor("src");
  const auto hidden = arguments.matrix("ffn_bias_1");
  if (!input || !hidden || hidden->dim() != 1 || !has_attention(arguments, *input)) return std::nullopt;
  const int64_t width = input->size(2), inner = hidden->size(0);
  for (std::string_view name : {"norm_weight_1", "norm_bias_1", "norm_weight_2", "norm_bias_2", "ffn_bias_2"})
    if (!arguments.has_shape(name, {width})) return std::nullopt;
  if (!arguments.has_shape("ffn_weight_1", {inner, width}) || !arguments.has_shape("ffn_weight_2", {width, inner}))
    return std::nullopt;
  return input->sizes().vec();
}

struct Rule {
  std::string_view op;
  std::optional<Sizes> (*shape)(const Arguments&);
  size_t left_out = 0;  // results behind the first
};

constexpr Rule rules[] = {
    {"aten::_convolution", convolution_shape},
    {"aten::_native_multi_head_attention", attention_shape, 1},
    {"aten::_transformer_encoder_layer_fwd", encoder_layer_shape},
    {"aten::convolution", convolution_shape},
    {"aten::conv1d", convolution_shape},
    {"aten::conv2d", convolution_shape},
    {"aten::conv3d", convolution_shape},
    {"aten::linear", linear_shape},
    {"aten::mm", matmul_shape},
    {"aten::bmm", matmul_shape},
    {"aten::matmul", matmul_shape},
    {"aten::addmm", addmm_shape},
};

}  // namespace

std::optional<std::vector<IValue>> uncomputed_results(const std::string& op, const c10::FunctionSchema& schema,
                                                      const std::vector<IValue>& arguments) {
  for (const Rule& rule : rules) {
    if (rule.op != op) continue;
    const std::optional<Sizes> shape = rule.shape(Arguments(schema, arguments));
    if (!shape) continue;
    std::vector<IValue> results{at::zeros(*shape, at::kFloat)};
    results.resize(1 + rule.left_out, at::Tensor());
    return results;
  }
  return std::nullopt;
}

}  // namespace passerelle::torchscript
