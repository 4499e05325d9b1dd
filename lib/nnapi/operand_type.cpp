#include "passerelle/nnapi/operand_type.h"

namespace passerelle::nnapi {
namespace {

enum class Kind { scalar, tensor, quantized, per_channel, model };

struct Row {
  std::string_view name;
  FeatureLevel level;
  size_t bytes;
  Kind kind;
};

constexpr Row rows[] = {
#define PASSERELLE_OPERAND_TYPE(name, code, level, bytes, kind, lowest, highest) {#name, level, bytes, Kind::kind},
#include "passerelle/nnapi/operand_types.def"
#undef PASSERELLE_OPERAND_TYPE
};
constexpr int32_t row_count = sizeof(rows) / sizeof(rows[0]);

const Row& row(OperandType type) { return rows[static_cast<int32_t>(type)]; }

struct Level {
  int64_t number;
  std::string_view name;
};

constexpr Level levels[] = {{27, "API 27"},
                            {28, "API 28"},
                            {29, "API 29"},
                            {30, "API 30"},
                            {31, "API 31"},
                            {1000006, "feature level 6"},
                            {1000007, "feature level 7"},
                            {1000008, "feature level 8"}};

}  // namespace

int64_t feature_level_number(FeatureLevel level) { return levels[level - 1].number; }

FeatureLevel feature_level_from_number(int64_t number) {
  FeatureLevel level = 0;
  while (level < highest_feature_level && levels[level].number <= number) ++level;
  return level;
}

std::string_view feature_level_name(FeatureLevel level) { return levels[level - 1].name; }

std::string_view name(OperandType type) { return row(type).name; }

std::optional<OperandType> operand_type_from_code(int32_t code) {
  if (code < 0 || code >= row_count) return std::nullopt;
  return static_cast<OperandType>(code);
}

FeatureLevel introduced(OperandType type) { return row(type).level; }
size_t element_size(OperandType type) { return row(type).bytes; }

bool is_tensor(OperandType type) { return row(type).kind != Kind::scalar && row(type).kind != Kind::model; }

bool is_quantized(OperandType type) { return row(type).kind == Kind::quantized || row(type).kind == Kind::per_channel; }

}  // namespace passerelle::nnapi
