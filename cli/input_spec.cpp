#include "input_spec.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace passerelle::cli {
namespace {

using graph::ElementType;
using torchscript::InputSpec;

constexpr std::string_view forms =
    "a shape (1x3x224x224, or scalar), a .npy file or a number (int=3, float=0.5, bool=true)";
constexpr std::string_view suffixes =
    ":f32 :f16 :bf16 :f64 :i8 :u8 :i16 :i32 :i64 :bool :quint8,SCALE,ZERO_POINT :qint8,SCALE,ZERO_POINT :nhwc";

struct Dtype {
  std::string_view suffix;
  ElementType type;
};
constexpr Dtype dtypes[] = {
    {"f32", ElementType::float32}, {"f16", ElementType::float16}, {"bf16", ElementType::bfloat16},
    {"f64", ElementType::float64}, {"i8", ElementType::int8},     {"u8", ElementType::uint8},
    {"i16", ElementType::int16},   {"i32", ElementType::int32},   {"i64", ElementType::int64},
    {"bool", ElementType::bool8},
};
struct QuantizedDtype {
  std::string_view suffix;
  ElementType type;
  int lowest, highest;  ///< of the zero point
};
constexpr QuantizedDtype quantized_dtypes[] = {{"quint8", ElementType::quint8, 0, 255},
                                               {"qint8", ElementType::qint8, -128, 127}};

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// The whole text as a number, whatever the locale.
template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text), rest_(text) {}

  Expected<InputSpec> parse() {
    take_name();
    if (std::optional<std::string_view> kind = number_kind(rest_)) return number(*kind);
    while (std::optional<std::string_view> suffix = take_suffix())
      if (Expected<void> done = apply_suffix(*suffix); !done) return done.error();
    if (Expected<void> done = take_body(); !done) return done.error();
    if (Expected<void> done = check_whole(); !done) return done.error();
    return std::move(spec_);
  }

 private:
  Error usage(const std::string& why) const { return {ErrorKind::usage, "--input " + text_ + ": " + why}; }

  /// NAME= unless the text before the = belongs to a number (int=3) or to a path (./a=b.npy).
  void take_name() {
    size_t equals = rest_.find('=');
    if (equals == std::string_view::npos) return;
    std::string_view name = rest_.substr(0, equals);
    if (number_kind(rest_) && !number_kind(rest_.substr(equals + 1))) return;
    if (name.find('/') != std::string_view::npos) return;
    spec_.name = name;
    rest_.remove_prefix(equals + 1);
  }

  static std::optional<std::string_view> number_kind(std::string_view text) {
    for (std::string_view kind : {"int", "float", "bool"})
      if (starts_with(text, kind) && text.size() > kind.size() && text[kind.size()] == '=') return kind;
    return std::nullopt;
  }

  Expected<InputSpec> number(std::string_view kind) {
    std::string_view digits = rest_.substr(kind.size() + 1);
    if (kind == "int") {
      std::optional<int64_t> value = parse_number<int64_t>(digits);
      if (!value) return usage("int= takes a whole number of at most 64 bits, as in int=3" + by_position("int"));
      spec_.number = *value;
    } else if (kind == "float") {
      std::optional<double> value = parse_number<double>(digits);
      if (!value) return usage("float= takes a number, as in float=0.5" + by_position("float"));
      spec_.number = *value;
    } else {
      bool yes = digits == "true" || digits == "True";
      if (!yes && digits != "false" && digits != "False")
        return usage("bool= takes true or false" + by_position("bool"));
      spec_.number = yes;
    }
    return std::move(spec_);
  }
  static std::string by_position(const std::string& kind) {
    return "; a tensor of a parameter that is named " + kind + " is given by its position, without NAME=";
  }

  /// The part behind the last colon, unless that colon belongs to a path.
  std::optional<std::string_view> take_suffix() {
    size_t colon = rest_.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view suffix = rest_.substr(colon + 1);
    if (suffix.find('/') != std::string_view::npos || ends_with(suffix, ".npy")) return std::nullopt;
    rest_ = rest_.substr(0, colon);
    return suffix;
  }

  Expected<void> apply_suffix(std::string_view written) {
    std::string suffix(written);
    for (char& letter : suffix) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    if (suffix == "nhwc") {
      if (spec_.channels_last) return usage(":nhwc stands twice");
      spec_.channels_last = true;
      return {};
    }
    if (spec_.type) return usage("two dtypes; give one");
    for (const Dtype& dtype : dtypes) {
      if (dtype.suffix != suffix && graph::name(dtype.type) != suffix) continue;
      spec_.type = dtype.type;
      return {};
    }
    for (const QuantizedDtype& dtype : quantized_dtypes)
      if (suffix.substr(0, suffix.find(',')) == dtype.suffix) return apply_quantized(suffix, dtype);
    return usage("unknown suffix ':" + std::string(written) + "'; known are " + std::string(suffixes));
  }

  Expected<void> apply_quantized(std::string_view suffix, const QuantizedDtype& dtype) {
    size_t first = suffix.find(',');
    size_t second = first == std::string_view::npos ? first : suffix.find(',', first + 1);
    std::string example = ":" + std::string(dtype.suffix) + ",0.0078125,0";
    if (second == std::string_view::npos)
      return usage("a quantized dtype takes its scale and zero point, as in " + example);
    std::optional<float> scale = parse_number<float>(suffix.substr(first + 1, second - first - 1));
    if (!scale || !std::isnormal(*scale) || *scale < 0)
      return usage("the scale must be a positive number, as in " + example);
    std::optional<int> zero_point = parse_number<int>(suffix.substr(second + 1));
    if (!zero_point || *zero_point < dtype.lowest || *zero_point > dtype.highest)
      return usage("the zero point of " + std::string(dtype.suffix) + " must be a whole number from " +
                   std::to_string(dtype.lowest) + " to " + std::to_string(dtype.highest));
    spec_.type = dtype.type;
    spec_.quantization.scale = *scale;
    spec_.quantization.zero_point = *zero_point;
    return {};
  }

  Expected<void> take_body() {
    if (rest_ == "scalar") {
      spec_.shape.emplace();
      return {};
    }
    if (ends_with(rest_, ".npy") || rest_.find('/') != std::string_view::npos) {
      Expected<graph::HostTensor> values = graph::read_npy(std::string(rest_));
      if (!values) return values.error();
      spec_.values = *std::move(values);
      return {};
    }
    return take_shape();
  }

  Expected<void> take_shape() {
    std::vector<int64_t> shape;
    for (size_t at = 0; at <= rest_.size();) {
      size_t end = std::min(rest_.find('x', at), rest_.size());
      std::optional<uint32_t> size = parse_number<uint32_t>(rest_.substr(at, end - at));
      if (!size || *size > INT32_MAX) return usage("not " + std::string(forms));
      if (*size == 0) return usage("a dimension of 0: NNAPI has no empty inputs");
      shape.push_back(*size);
      at = end + 1;
    }
    spec_.shape = std::move(shape);
    return {};
  }

  Expected<void> check_whole() const {
    size_t rank = spec_.shape ? spec_.shape->size() : spec_.values->shape.size();
    if (spec_.channels_last && rank != 4)
      return usage(":nhwc is for inputs of 4 dimensions; this one has " + std::to_string(rank));
    if (!spec_.shape) return {};
    uint64_t bytes = byte_size(spec_.type.value_or(ElementType::float32));
    for (int64_t size : *spec_.shape)
      if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes) || bytes > UINT32_MAX)
        return usage("larger than 4 GiB, which is NNAPI's limit for a tensor");
    return {};
  }

  const std::string& text_;
  std::string_view rest_;
  InputSpec spec_;
};

}  // namespace

Expected<InputSpec> parse_input_spec(const std::string& text) { return Parser(text).parse(); }

bool is_number(const InputSpec& spec) { return !std::holds_alternative<std::monostate>(spec.number); }

Expected<std::vector<InputSpec>> parse_input_specs(const std::vector<std::string>& texts) {
  std::vector<InputSpec> specs;
  for (const std::string& text : texts) {
    Expected<InputSpec> spec = parse_input_spec(text);
    if (!spec) return spec.error();
    for (const InputSpec& other : specs)
      if (!spec->name.empty() && other.name == spec->name)
        return Error{ErrorKind::usage, "--input " + text + ": '" + spec->name + "' was given before"};
    specs.push_back(*std::move(spec));
  }
  return specs;
}

}  // namespace passerelle::cli
