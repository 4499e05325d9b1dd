#include "passerelle/nnapi/operation_type.h"

namespace passerelle::nnapi {
namespace {

struct Row {
  std::string_view name;
  FeatureLevel level;
};

constexpr Row rows[] = {
#define PASSERELLE_OPERATION(name, code, level) {#name, level},
#include "passerelle/nnapi/operations.def"
#undef PASSERELLE_OPERATION
};

constexpr OperationType types[] = {
#define PASSERELLE_OPERATION(name, code, level) OperationType::name,
#include "passerelle/nnapi/operations.def"
#undef PASSERELLE_OPERATION
};
constexpr int32_t row_count = sizeof(rows) / sizeof(rows[0]);

// The rows stand in the order of their codes without a gap: a code is an index.
#define PASSERELLE_OPERATION(name, code, level) static_assert(types[code] == OperationType::name);
#include "passerelle/nnapi/operations.def"
#undef PASSERELLE_OPERATION

const Row& row(OperationType type) { return rows[static_cast<int32_t>(type)]; }

}  // namespace

std::string_view name(OperationType type) { return row(type).name; }

std::optional<OperationType> operation_type_from_code(int32_t code) {
  if (code < 0 || code >= row_count) return std::nullopt;
  return static_cast<OperationType>(code);
}

std::optional<OperationType> operation_type_from_name(std::string_view name) {
  for (int32_t code = 0; code < row_count; ++code)
    if (rows[code].name == name) return types[code];
  return std::nullopt;
}

FeatureLevel introduced(OperationType type) { return row(type).level; }
Span<const OperationType> all_operation_types() { return types; }

}  // namespace passerelle::nnapi
