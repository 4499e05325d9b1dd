#include "signature.h"

#include <cctype>
#include <cstdlib>
#include <string>
#include <utility>

#include "passerelle/support/check.h"

namespace passerelle::nnapi {
namespace {

struct Row {
  OperationType operation;
  std::string_view types;
  std::string_view inputs;
  std::string_view outputs;
};

constexpr Row rows[] = {
#define PASSERELLE_SIGNATURE(operation, types, inputs, outputs) {OperationType::operation, types, inputs, outputs},
#include "signatures.def"
#undef PASSERELLE_SIGNATURE
};

constexpr std::pair<std::string_view, TypeRule> words[] = {
    {"T", TypeRule::same},          {"filter", TypeRule::filter},
    {"bias", TypeRule::bias},       {"rois", TypeRule::rois},
    {"anchors", TypeRule::anchors}, {"deltas", TypeRule::deltas},
    {"any", TypeRule::any},         {"integer", TypeRule::integer},
    {"natural", TypeRule::natural}, {"positive", TypeRule::positive},
    {"fuse", TypeRule::fuse},       {"real", TypeRule::real},
    {"value", TypeRule::value},     {"boolean", TypeRule::boolean},
    {"model", TypeRule::model},
};

/// Takes the text before the first of `separators` off the front of `text`, and one separator with it.
std::string_view take(std::string_view& text, std::string_view separators) {
  size_t end = text.find_first_of(separators);
  std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::string_view part = take(text, std::string_view(&separator, 1));
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

int32_t number(std::string_view text) { return static_cast<int32_t>(std::atol(std::string(text).c_str())); }

/// "quant8_asymm" is TENSOR_QUANT8_ASYMM.
OperandType tensor_type(std::string_view word) {
  std::string wanted = "TENSOR_";
  for (char letter : word) wanted += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  for (int32_t code = 0; std::optional<OperandType> type = operand_type_from_code(code); ++code)
    if (name(*type) == wanted) return *type;
  throw InternalError("signatures.def names no operand type: " + wanted);
}

void read_type(std::string_view text, Parameter& parameter) {
  for (const auto& [word, rule] : words) {
    if (word != text) continue;
    parameter.rule = rule;
    return;
  }
  parameter.rule = TypeRule::listed;
  for (std::string_view word : split(text, '|')) parameter.listed = parameter.listed | tensor_type(word);
}

/// "4", "..4", "2..", "2..4"
void read_rank(std::string_view text, Parameter& parameter) {
  size_t dots = text.find("..");
  std::string_view low = text.substr(0, dots);
  std::string_view high = dots == std::string_view::npos ? text : text.substr(dots + 2);
  if (!low.empty()) parameter.lowest_rank = static_cast<size_t>(number(low));
  if (!high.empty()) parameter.highest_rank = static_cast<size_t>(number(high));
}

/// "1/256,0"
void read_quantization(std::string_view text, Parameter& parameter) {
  float numerator = static_cast<float>(number(take(text, "/")));
  parameter.fixed_scale = numerator / static_cast<float>(number(take(text, ",")));
  parameter.fixed_zero_point = number(text);
}

void read_default(std::string_view text, Parameter& parameter) {
  if (parameter.rule == TypeRule::boolean) {
    parameter.default_value = text == "true";
  } else {
    parameter.default_value = number(text);
  }
}

/// What stands behind the type, up to the next mark.
void read_suffix(char mark, std::string_view& text, Parameter& parameter) {
  constexpr std::string_view marks = "@?*+[~{=";
  switch (mark) {
    case '?': parameter.optional = true; return;
    case '*': parameter.repeated = true, parameter.lowest_count = 0; return;
    case '+': parameter.repeated = true; return;
    case '[': read_rank(take(text, "]"), parameter); return;
    case '{': read_quantization(take(text, "}"), parameter); return;
    default: break;
  }
  size_t end = std::min(text.find_first_of(marks), text.size());
  std::string_view operand = text.substr(0, end);
  text.remove_prefix(end);
  switch (mark) {
    case '@': parameter.level = number(operand); return;
    case '~': parameter.quantized_like = operand; return;
    case '=': read_default(operand, parameter); return;
    default: throw InternalError("signatures.def: unknown mark");
  }
}

Parameter read_parameter(std::string_view text) {
  Parameter parameter;
  parameter.name = take(text, ":");
  size_t end = std::min(text.find_first_of("@?*+[~{="), text.size());
  read_type(text.substr(0, end), parameter);
  text.remove_prefix(end);
  while (!text.empty()) {
    char mark = text.front();
    text.remove_prefix(1);
    read_suffix(mark, text, parameter);
  }
  return parameter;
}

std::vector<Parameter> read_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  bool stop = false;
  for (std::string_view word : split(text, ' ')) {
    if (word == "|") {
      stop = true;
      continue;
    }
    parameters.push_back(read_parameter(word));
    parameters.back().stop_before = std::exchange(stop, false);
  }
  return parameters;
}

std::vector<TypeChoice> read_types(std::string_view text) {
  std::vector<TypeChoice> types;
  for (std::string_view word : split(text, ' ')) {
    std::string_view type = take(word, "@");
    types.push_back({tensor_type(type), word.empty() ? lowest_feature_level : number(word)});
  }
  return types;
}

using Table = std::vector<std::vector<Signature>>;

Table read_table() {
  Table table(all_operation_types().size());
  for (const Row& row : rows) {
    std::vector<Signature>& forms = table[static_cast<size_t>(row.operation)];
    Signature form{row.operation, read_types(row.types), {}, read_parameters(row.outputs)};
    form.inputs = row.inputs == "as above" ? forms.back().inputs : read_parameters(row.inputs);
    forms.push_back(std::move(form));
  }
  for (const std::vector<Signature>& forms : table)
    check(!forms.empty(), "every operation has a row in signatures.def");
  return table;
}

constexpr TypeSet quant8 = TypeSet(OperandType::TENSOR_QUANT8_ASYMM) | OperandType::TENSOR_QUANT8_ASYMM_SIGNED;

TypeSet scalar_like(OperandType type) {
  if (type == OperandType::TENSOR_FLOAT16) return OperandType::FLOAT16;
  return type == OperandType::TENSOR_FLOAT32 ? OperandType::FLOAT32 : OperandType::INT32;
}

}  // namespace

TypeSet accepted_types(const Parameter& parameter, OperandType type) {
  bool quantized = is_quantized(type);
  switch (parameter.rule) {
    case TypeRule::same: return type;
    case TypeRule::listed: return parameter.listed;
    case TypeRule::filter: return quantized ? TypeSet(type) | OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL : type;
    case TypeRule::bias: return quantized ? OperandType::TENSOR_INT32 : type;
    case TypeRule::rois: return quantized ? OperandType::TENSOR_QUANT16_ASYMM : type;
    case TypeRule::anchors: return quantized ? OperandType::TENSOR_QUANT16_SYMM : type;
    case TypeRule::deltas: return quantized ? quant8 : type;
    case TypeRule::any: return TypeSet::all();
    case TypeRule::integer:
    case TypeRule::natural:
    case TypeRule::positive:
    case TypeRule::fuse: return OperandType::INT32;
    case TypeRule::real: return type == OperandType::TENSOR_FLOAT16 ? OperandType::FLOAT16 : OperandType::FLOAT32;
    case TypeRule::value: return scalar_like(type);
    case TypeRule::boolean: return OperandType::BOOL;
    case TypeRule::model: return OperandType::MODEL;
  }
  return {};
}

AffineQuantization fixed_quantization(const Parameter& parameter, OperandType type) {
  const bool is_signed = type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  return {parameter.fixed_scale, parameter.fixed_zero_point - (is_signed ? 128 : 0)};
}

Span<const Signature> signatures(OperationType operation) {
  static const Table table = read_table();
  return table[static_cast<size_t>(operation)];
}

}  // namespace passerelle::nnapi
