#include "operator_rules.h"

#include <algorithm>
#include <iterator>

namespace passerelle::torchscript {
namespace {

template <size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Every tensor argument of these is read for its shape, dtype, device or identity alone.
constexpr std::string_view shape_readers[] = {
    "aten::size",
    "aten::dim",
    "aten::numel",
    "aten::len",
    "aten::stride",
    "aten::storage_offset",
    "aten::element_size",
    "aten::sym_size",
    "aten::sym_numel",
    "aten::sym_stride",
    "aten::sym_storage_offset",
    "aten::_shape_as_tensor",
    "aten::is_floating_point",
    "aten::is_complex",
    "aten::is_signed",
    "aten::is_contiguous",
    "aten::is_inference",
    "aten::is_leaf",
    "aten::is_neg",
    "aten::is_conj",
    "aten::is_same_size",
    "aten::is_non_overlapping_and_dense",
    "aten::is_strides_like_format",
    "aten::result_type",
    "aten::can_cast",
    "aten::get_device",
    "aten::qscheme",
    "aten::q_scale",
    "aten::q_zero_point",
    "aten::q_per_channel_axis",
    "aten::q_per_channel_scales",
    "aten::q_per_channel_zero_points",
    "aten::zeros_like",
    "aten::ones_like",
    "aten::empty_like",
    "aten::full_like",
    "aten::rand_like",
    "aten::randn_like",
    "aten::randint_like",
    "aten::new_zeros",
    "aten::new_ones",
    "aten::new_empty",
    "aten::new_empty_strided",
    "aten::new_full",
    "aten::__is__",
    "aten::__isnot__",
    "aten::has_torch_function",
    "aten::dense_dim",
    "aten::sparse_dim",
    "prim::dtype",
    "prim::device",
    "prim::layout",
    "prim::shape",
    "prim::is_cpu",
    "prim::is_cuda",
    "prim::is_meta",
    "prim::is_mkldnn",
    "prim::is_nested",
    "prim::is_quantized",
    "prim::is_sparse",
    "prim::is_sparse_csr",
    "prim::is_vulkan",
    "prim::is_xpu",
    "prim::is_mps",
    "prim::is_ort",
    "prim::is_ipu",
    "prim::requires_grad",
    "prim::name",
    "prim::type",
    "prim::index",
};

struct ShapeArgument {
  std::string_view op;
  std::string_view argument;
};

// Of these, this one argument.
constexpr ShapeArgument shape_arguments[] = {
    {"aten::expand_as", "other"}, {"aten::view_as", "other"}, {"aten::reshape_as", "other"}, {"aten::type_as", "other"},
    {"aten::to", "other"},        {"aten::fill_", "self"},    {"aten::zero_", "self"},       {"aten::copy_", "self"},
    {"aten::fill", "self"},       {"aten::zero", "self"},     {"aten::normal_", "self"},     {"aten::uniform_", "self"},
    {"aten::bernoulli_", "self"}, {"aten::random_", "self"},
};

constexpr std::string_view random_operators[] = {
    "aten::rand",
    "aten::rand_like",
    "aten::randn",
    "aten::randn_like",
    "aten::randint",
    "aten::randint_like",
    "aten::randperm",
    "aten::bernoulli",
    "aten::bernoulli_",
    "aten::multinomial",
    "aten::normal",
    "aten::normal_",
    "aten::normal_functional",
    "aten::uniform",
    "aten::uniform_",
    "aten::random_",
    "aten::poisson",
    "aten::binomial",
    "aten::exponential_",
    "aten::geometric_",
    "aten::log_normal_",
    "aten::cauchy_",
};

struct TrainingFlag {
  std::string_view op;
  std::string_view flag;
};

constexpr TrainingFlag training_flags[] = {
    {"aten::dropout", "train"},
    {"aten::dropout_", "train"},
    {"aten::feature_dropout", "train"},
    {"aten::native_dropout", "train"},
    {"aten::feature_dropout_", "train"},
    {"aten::alpha_dropout", "train"},
    {"aten::alpha_dropout_", "train"},
    {"aten::rrelu", "training"},
    {"aten::rrelu_", "training"},
    {"aten::rrelu_with_noise", "training"},
    {"aten::rrelu_with_noise_", "training"},
    {"aten::feature_alpha_dropout", "train"},
    {"aten::feature_alpha_dropout_", "train"},
    {"quantized::dropout", "training"},
};

constexpr std::string_view dynamic_shapes[] = {
    "aten::nonzero",
    "aten::nonzero_numpy",
    "aten::argwhere",
    "aten::masked_select",
    "aten::_unique",
    "aten::_unique2",
    "aten::unique_consecutive",
    "aten::unique_dim",
    "aten::unique_dim_consecutive",
    "aten::bincount",
    "aten::one_hot",
    "aten::combinations",
    "torchvision::nms",
    "aten::_pack_padded_sequence",
    "aten::_pad_packed_sequence",
};

constexpr std::string_view value_keepers[] = {
    "aten::clone",
    "aten::contiguous",
    "aten::to",
    "aten::type_as",
    "aten::cpu",
    "aten::alias",
    "aten::detach",
    "aten::lift",
    "aten::lift_fresh",
    "aten::data",
    "prim::data",
    "aten::dropout",
    "aten::feature_dropout",
    "aten::alpha_dropout",
    "aten::feature_alpha_dropout",
    "quantized::dropout",
    "aten::reshape",
    "aten::flatten",
    "aten::view",
    "aten::expand",
    "aten::resolve_conj",
    "aten::resolve_neg",
    "aten::positive",
    "aten::_cast_Float",
    "aten::_cast_Double",
    "aten::_cast_Half",
    "aten::_cast_Int",
    "aten::_cast_Long",
    "aten::_cast_Byte",
    "aten::_cast_Char",
    "aten::_cast_Short",
    "aten::_to_copy",
    "aten::lift_fresh_copy",
    "aten::alias_copy",
    "aten::detach_copy",
    "aten::_lazy_clone",
    "aten::_reshape_copy",
};

constexpr std::string_view uninitialised[] = {
    "aten::empty", "aten::empty_like", "aten::new_empty", "aten::new_empty_strided", "aten::empty_strided",
};

// Checks that torch.export writes down are here, too: they held for the example inputs, or there would be no archive.
constexpr std::string_view ignored[] = {
    "aten::warn",
    "aten::_print",
    "aten::set_grad_enabled",
    "aten::_assert_async",
    "aten::_assert_scalar",
    "aten::_assert_tensor_metadata",
    "aten::sym_constrain_range",
    "aten::sym_constrain_range_for_size",
    "prim::Print",
};

constexpr StatisticsWrite statistics_writes[] = {
    {"aten::batch_norm", "training", {"running_mean", "running_var"}},
    {"aten::native_batch_norm", "training", {"running_mean", "running_var"}},
    {"aten::_batch_norm_impl_index", "training", {"running_mean", "running_var"}},
    {"aten::_native_batch_norm_legit", "training", {"running_mean", "running_var"}},
    {"aten::instance_norm", "use_input_stats", {"running_mean", "running_var"}},
};

}  // namespace

bool reads_only_shape(std::string_view op, std::string_view argument) {
  if (contains(shape_readers, op)) return true;
  return std::any_of(std::begin(shape_arguments), std::end(shape_arguments),
                     [&](const ShapeArgument& row) { return row.op == op && row.argument == argument; });
}

bool is_random(std::string_view op) { return contains(random_operators, op); }

std::string_view random_where_true(std::string_view op) {
  for (const TrainingFlag& row : training_flags)
    if (row.op == op) return row.flag;
  return {};
}

bool has_dynamic_shape(std::string_view op) { return contains(dynamic_shapes, op); }

bool keeps_values(std::string_view op) { return contains(value_keepers, op); }

std::string_view in_place_where_true(std::string_view op) { return op == "quantized::relu6" ? "inplace" : ""; }

bool is_uninitialised(std::string_view op) { return contains(uninitialised, op); }

bool is_ignored(std::string_view op) { return contains(ignored, op); }

const StatisticsWrite* statistics_write(std::string_view op) {
  for (const StatisticsWrite& row : statistics_writes)
    if (row.op == op) return &row;
  return nullptr;
}

}  // namespace passerelle::torchscript
