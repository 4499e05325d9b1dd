#include "guards.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <unordered_map>

namespace passerelle::torchscript {
namespace {

using c10::IValue;
using Refusal = std::optional<std::string>;

constexpr int64_t largest_size = std::numeric_limits<int32_t>::max();  // what kernels keep in an int
constexpr int64_t most_elements = 1'000'000;                           // of a Python list
constexpr size_t longest_string = size_t{1} << 24;

struct Given {
  const std::string& op;
  const c10::FunctionSchema& schema;
  const std::vector<IValue>& values;

  const IValue* find(std::string_view name) const {
    for (size_t i = 0; i < schema.arguments().size() && i < values.size(); ++i)
      if (schema.arguments()[i].name() == name) return values[i].isNone() ? nullptr : &values[i];
    return nullptr;
  }
  std::optional<at::Tensor> tensor(std::string_view name) const {
    const IValue* value = find(name);
    if (value == nullptr || !value->isTensor() || !value->toTensor().defined()) return std::nullopt;
    return value->toTensor();
  }
  std::optional<int64_t> integer(std::string_view name) const {
    const IValue* value = find(name);
    return value != nullptr && value->isInt() ? std::optional<int64_t>(value->toInt()) : std::nullopt;
  }
  const std::string* text(std::string_view name) const {
    const IValue* value = find(name);
    return value != nullptr && value->isString() ? &value->toStringRef() : nullptr;
  }
};

std::string quoted(std::string_view argument) { return "its argument '" + std::string(argument) + "' "; }

// --- Numbers within limits, by the argument's name, whatever the operator.

struct Range {
  std::string_view argument;
  int64_t least, most;
};
constexpr Range ranges[] = {
    {"kernel_size", 1, largest_size},
    {"stride", 1, largest_size},
    {"dilation", 1, largest_size},
    {"padding", -largest_size, largest_size},
    {"output_padding", -largest_size, largest_size},
    {"pad", -largest_size, largest_size},
    {"output_size", 0, largest_size},
    {"groups", 1, largest_size},
    {"num_head", 1, largest_size},
    {"num_heads", 1, largest_size},
    {"upscale_factor", 1, largest_size},
    {"downscale_factor", 1, largest_size},
    {"num_layers", 1, 10'000},
    {"interpolation_mode", 0, 2},
    {"padding_mode", 0, 2},
};

/// Whose `stride` is a tensor's own, which may be 0.
bool names_memory(const std::string& op) {
  return op.find("strided") != op.npos || op == "aten::_infer_size" || op == "aten::is_strides_like_format";
}

Refusal out_of_range(const Given& given, const Range& range, int64_t number) {
  if (number >= range.least && number <= range.most) return std::nullopt;
  if (range.argument == "stride" && names_memory(given.op)) return std::nullopt;
  return quoted(range.argument) + "is " + std::to_string(number) + ", and has to be from " +
         std::to_string(range.least) + " to " + std::to_string(range.most);
}

/// A window whose area does not fit the integers of kernels.
Refusal check_window(const Given& given) {
  const IValue* size = given.find("kernel_size");
  if (size == nullptr || !size->isIntList()) return std::nullopt;
  double area = 1;
  for (int64_t side : size->toIntVector()) area *= static_cast<double>(side);
  if (area <= static_cast<double>(largest_size)) return std::nullopt;
  return quoted("kernel_size") + "is a window of more than " + std::to_string(largest_size) + " elements";
}

Refusal check_ranges(const Given& given) {
  for (const Range& range : ranges) {
    const IValue* value = given.find(range.argument);
    if (value == nullptr) continue;
    if (value->isInt())
      if (Refusal refusal = out_of_range(given, range, value->toInt())) return refusal;
    if (value->isIntList())
      for (int64_t number : value->toIntVector())
        if (Refusal refusal = out_of_range(given, range, number)) return refusal;
  }
  return std::nullopt;
}

std::vector<double> reals(const IValue& value) {
  if (value.isDouble()) return {value.toDouble()};
  if (value.isDoubleList()) return value.toDoubleVector();
  if (!value.isTensor() || !value.toTensor().defined() || !value.toTensor().is_floating_point()) return {};
  const at::Tensor numbers = value.toTensor().to(at::kDouble).contiguous();
  return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

/// Factors of a resize, and scales of quantized numbers. A factor of 2^-16 makes one pixel of 65,536.
Refusal check_factors(const Given& given) {
  struct Factor {
    std::string_view argument;
    double least, most;
  };
  constexpr double smallest = 1.0 / 65536, largest = 65536;
  constexpr double least_real = std::numeric_limits<float>::denorm_min();
  constexpr double most_real = std::numeric_limits<float>::max();
  constexpr Factor factors[] = {
      {"scales", smallest, largest},    {"scales_d", smallest, largest},         {"scales_h", smallest, largest},
      {"scales_w", smallest, largest},  {"scale_factor", smallest, largest},     {"scale_factors", smallest, largest},
      {"scale", least_real, most_real}, {"output_scale", least_real, most_real}, {"Y_scale_i", least_real, most_real},
  };
  for (const Factor& factor : factors) {
    const IValue* value = given.find(factor.argument);
    if (value == nullptr) continue;
    if (factor.argument == "scale" && given.op.find("quant") == std::string::npos) continue;  // of attention, of celu
    for (double number : reals(*value))
      if (!(number >= factor.least && number <= factor.most))
        return quoted(factor.argument) + "is " + std::to_string(number) +
               ", which is too small, too large or no number";
  }
  return std::nullopt;
}

// --- Division of integers.

constexpr char by_zero[] = "it divides an integer by 0";

std::string without_result(at::ScalarType type) {
  return "it divides the least number of " + std::string(type == at::kInt ? "int32" : "int64") +
         " by -1, which has no result";
}

Refusal check_python_division(int64_t a, int64_t b) {
  if (b == 0) return by_zero;
  if (a == std::numeric_limits<int64_t>::min() && b == -1) return without_result(at::kLong);
  return std::nullopt;
}

/// As a tensor that takes part in promotion like the value.
std::optional<at::Tensor> operand(const IValue& value) {
  if (value.isTensor()) return value.toTensor().defined() ? std::optional(value.toTensor()) : std::nullopt;
  if (!value.isInt()) return std::nullopt;
  at::Tensor number = at::scalar_tensor(value.toInt(), at::kLong);
  number.unsafeGetTensorImpl()->set_wrapped_number(true);
  return number;
}

Refusal check_division(const Given& given) {
  if (given.values.size() < 2) return std::nullopt;
  const IValue &first = given.values[0], &second = given.values[1];
  if (first.isInt() && second.isInt()) return check_python_division(first.toInt(), second.toInt());
  const auto a = operand(first), b = operand(second);
  if (!a || !b || a->numel() == 0 || b->numel() == 0) return std::nullopt;
  const at::ScalarType type = at::result_type(*a, *b);
  if (type != at::kInt && type != at::kLong) return std::nullopt;
  const int64_t least = type == at::kInt ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
  const at::Tensor minus_one = b->to(type).eq(-1);
  if (!minus_one.any().item<bool>()) return std::nullopt;
  if (at::logical_and(a->to(type).eq(least), minus_one).any().item<bool>()) return without_result(type);
  return std::nullopt;
}

/// `/` is computed in floating point; only where it is rounded are integers divided.
Refusal check_rounded_division(const Given& given) {
  return given.find("rounding_mode") != nullptr ? check_division(given) : std::nullopt;
}

Refusal check_gcd(const Given& given) {
  if (given.values.size() < 2 || !given.values[0].isInt() || !given.values[1].isInt()) return std::nullopt;
  for (const IValue& value : {given.values[0], given.values[1]})
    if (value.toInt() == std::numeric_limits<int64_t>::min()) return without_result(at::kLong);
  return std::nullopt;
}

// --- Tensors of indices, believed by kernels.

bool all_within(const at::Tensor& indices, int64_t least, int64_t most) {
  if (indices.numel() == 0) return true;
  if (!at::isIntegralType(indices.scalar_type(), false)) return true;  // LibTorch says so itself
  const at::Tensor wide = indices.to(at::kLong);
  return wide.min().item<int64_t>() >= least && wide.max().item<int64_t>() <= most;
}

bool is_rising(const at::Tensor& numbers) {
  return numbers.dim() != 1 || numbers.size(0) < 2 || numbers.diff().ge(0).all().item<bool>();
}

Refusal check_sorter(const Given& given) {
  const auto sorter = given.tensor("sorter");
  const auto sequence = given.tensor("sorted_sequence");
  if (!sorter || !sequence || sequence->dim() == 0) return std::nullopt;
  if (sorter->sizes() == sequence->sizes() && all_within(*sorter, 0, sequence->size(-1) - 1)) return std::nullopt;
  return quoted("sorter") + "names places that the sequence does not have";
}

Refusal check_pivots(const Given& given) {
  for (const char* name : {"pivots", "LU_pivots"}) {
    const auto pivots = given.tensor(name);
    if (!pivots || pivots->dim() == 0) continue;
    const bool signed_ones = given.op.find("ldl") != std::string::npos;
    const at::Tensor rows = pivots->to(at::kLong);
    const int64_t most = pivots->size(-1);
    if (all_within(signed_ones ? rows.abs() : rows, 1, most)) continue;
    return quoted(name) + "names rows that the matrix does not have";
  }
  return std::nullopt;
}

Refusal check_offsets(const Given& given) {
  const auto offsets = given.tensor("offsets");
  const auto indices = given.tensor("indices");
  if (!offsets || !indices) return std::nullopt;
  if (all_within(*offsets, 0, indices->numel()) && is_rising(*offsets)) return std::nullopt;
  return quoted("offsets") + "does not rise from 0 to the number of indices";
}

Refusal check_batch_sizes(const Given& given) {
  const auto sizes = given.tensor("batch_sizes");
  const auto data = given.tensor("data");
  if (!sizes || !data || data->dim() == 0) return std::nullopt;
  const bool fits = sizes->dim() == 1 && sizes->numel() > 0 && all_within(*sizes, 1, data->size(0)) &&
                    is_rising(sizes->neg()) && sizes->sum().item<int64_t>() == data->size(0);
  if (fits) return std::nullopt;
  return quoted("batch_sizes") + "does not fall, or is not what the data has";
}

Refusal check_repeats(const Given& given) {
  const auto repeats = given.tensor("repeats");
  const auto size = given.integer("output_size");
  if (!repeats || !at::isIntegralType(repeats->scalar_type(), false)) return std::nullopt;
  if (!all_within(*repeats, 0, largest_size)) return quoted("repeats") + "has a negative or giant number";
  const auto input = given.tensor("self");
  const int64_t times = repeats->numel() == 1 && input && given.integer("dim")
                            ? input->size(at::maybe_wrap_dim(*given.integer("dim"), input->dim()))
                            : 1;
  if (!size || *size == repeats->sum().item<int64_t>() * times) return std::nullopt;
  return quoted("output_size") + "is not the sum of the repeats";
}

// --- Quantized tensors: QNNPACK's and LibTorch's own kernels divide by sizes.

Refusal check_quantized(const Given& given) {
  const bool is_quantized = given.op.compare(0, 9, "quantized") == 0 || given.op.compare(0, 9, "prepacked") == 0;
  for (size_t i = 0; i < given.values.size(); ++i) {
    if (!given.values[i].isTensor() || !given.values[i].toTensor().defined()) continue;
    const at::Tensor& tensor = given.values[i].toTensor();
    if (tensor.numel() == 0 && (is_quantized || tensor.is_quantized())) return "it is given an empty quantized tensor";
  }
  return std::nullopt;
}

Refusal check_quantized_pool(const Given& given) {
  const IValue* size = given.find("output_size");
  const auto input = given.tensor("self");
  if (size == nullptr || !size->isIntList() || !input || !input->is_quantized()) return std::nullopt;
  for (int64_t each : size->toIntVector())
    if (each < 1) return quoted("output_size") + "is 0";
  return std::nullopt;
}

Refusal check_channel_scales(const Given& given) {
  const auto input = given.tensor("self").has_value() ? given.tensor("self") : given.tensor("input");
  const auto axis = given.integer("axis");
  if (!input || !axis) return std::nullopt;
  if (*axis < 0 || *axis >= input->dim()) return quoted("axis") + "is no dimension of the tensor";
  for (const char* name : {"scales", "scale", "zero_points", "zero_point"})
    if (const auto numbers = given.tensor(name); numbers && numbers->numel() != input->size(*axis))
      return quoted(name) + "has another number of elements than the tensor has channels";
  return std::nullopt;
}

// --- Strings and lists that grow, or are searched without end.

Refusal check_search(const Given& given) {
  for (const char* name : {"substr", "old"})
    if (const std::string* text = given.text(name); text != nullptr && text->empty())
      return quoted(name) + "is an empty string";
  return std::nullopt;
}

size_t length(const IValue& value) {
  if (value.isString()) return value.toStringRef().size();
  if (value.isList()) return value.toList().size();
  return 0;
}

std::string grows(const std::string& what, size_t most) {
  return "it would make a " + what + " of more than " + std::to_string(most);
}

Refusal check_repetition(const Given& given) {
  for (size_t i = 0; i < 2 && given.values.size() == 2; ++i) {
    const IValue &value = given.values[i], &times = given.values[1 - i];
    if (!times.isInt() || times.toInt() <= 0 || !(value.isString() || value.isList())) continue;
    const auto most = static_cast<size_t>(most_elements);
    if (length(value) > most / static_cast<uint64_t>(times.toInt())) return grows("list or string", most) + " elements";
  }
  return std::nullopt;
}

Refusal check_width(const Given& given) {
  for (const char* name : {"width", "tabsize"})
    if (const auto number = given.integer(name); number && *number > most_elements)
      return grows("string", static_cast<size_t>(most_elements)) + " characters";
  return std::nullopt;
}

Refusal check_replaced(const Given& given) {
  if (Refusal refusal = check_search(given)) return refusal;
  const std::string *text = given.text("self"), *old = given.text("old"), *now = given.text("new");
  if (text == nullptr || old == nullptr || now == nullptr) return std::nullopt;
  if (text->size() + text->size() / old->size() * now->size() <= longest_string) return std::nullopt;
  return grows("string", longest_string) + " characters";
}

Refusal check_joined(const Given& given) {
  const std::string* glue = given.text("self");
  const IValue* parts = given.find("values");
  if (glue == nullptr || parts == nullptr || !parts->isList()) return std::nullopt;
  size_t total = 0;
  for (const IValue& part : parts->toListRef()) total += length(part) + glue->size();
  if (total <= longest_string) return std::nullopt;
  return grows("string", longest_string) + " characters";
}

Refusal check_count(const Given& given) {
  if (given.values.empty() || !given.values[0].isInt() || given.values[0].toInt() <= most_elements) return std::nullopt;
  return "it counts to more than " + std::to_string(most_elements);
}

using Check = Refusal (*)(const Given&);

const std::unordered_multimap<std::string, Check>& checks() {
  static const std::unordered_multimap<std::string, Check> table = {
      {"aten::floordiv", check_division},
      {"aten::remainder", check_division},
      {"aten::remainder_", check_division},
      {"aten::fmod", check_division},
      {"aten::fmod_", check_division},
      {"aten::div", check_rounded_division},
      {"aten::div_", check_rounded_division},
      {"aten::divide", check_rounded_division},
      {"aten::divide_", check_rounded_division},
      {"aten::floor_divide", check_division},
      {"aten::floor_divide_", check_division},
      {"aten::divmod", check_division},
      {"aten::mathremainder", check_division},
      {"aten::__round_to_zero_floordiv", check_division},
      {"aten::gcd", check_gcd},
      {"aten::searchsorted", check_sorter},
      {"aten::linalg_ldl_solve", check_pivots},
      {"aten::linalg_lu_solve", check_pivots},
      {"aten::lu_solve", check_pivots},
      {"aten::lu_unpack", check_pivots},
      {"aten::repeat_interleave", check_repeats},
      {"aten::adaptive_avg_pool2d", check_quantized_pool},
      {"aten::adaptive_avg_pool3d", check_quantized_pool},
      {"aten::_adaptive_avg_pool2d", check_quantized_pool},
      {"aten::_adaptive_avg_pool3d", check_quantized_pool},
      {"aten::quantize_per_channel", check_channel_scales},
      {"aten::_make_per_channel_quantized_tensor", check_channel_scales},
      {"aten::fake_quantize_per_channel_affine", check_channel_scales},
      {"aten::fake_quantize_per_channel_affine_cachemask", check_channel_scales},
      {"aten::_fake_quantize_learnable_per_channel_affine", check_channel_scales},
      {"aten::count", check_search},
      {"aten::replace", check_replaced},
      {"aten::join", check_joined},
      {"aten::mul", check_repetition},
      {"aten::ljust", check_width},
      {"aten::rjust", check_width},
      {"aten::center", check_width},
      {"aten::zfill", check_width},
      {"aten::expandtabs", check_width},
      {"aten::factorial", check_count},
      {"prim::rangelist", check_count},
  };
  return table;
}

/// What is asked of every operator.
constexpr Check everywhere[] = {check_ranges,  check_window,      check_factors,
                                check_offsets, check_batch_sizes, check_quantized};

}  // namespace

std::optional<std::string> foreseen_crash(const std::string& op, const c10::FunctionSchema& schema,
                                          const std::vector<IValue>& arguments) {
  const Given given{op, schema, arguments};
  for (const Check check : everywhere)
    if (Refusal refusal = check(given)) return refusal;
  const auto [first, last] = checks().equal_range(op);
  for (auto row = first; row != last; ++row)
    if (Refusal refusal = row->second(given)) return refusal;
  return std::nullopt;
}

}  // namespace passerelle::torchscript
