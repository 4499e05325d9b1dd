#include "passerelle/graph/element_type.h"

namespace passerelle::graph {
namespace {

struct Row {
  std::string_view name;
  size_t bytes;
  bool floating_point;
  bool quantized;
};

// In the order of ElementType.
constexpr Row rows[] = {
    {"float32", 4, true, false}, {"float64", 8, true, false}, {"float16", 2, true, false}, {"bfloat16", 2, true, false},
    {"int8", 1, false, false},   {"uint8", 1, false, false},  {"int16", 2, false, false},  {"int32", 4, false, false},
    {"int64", 8, false, false},  {"bool", 1, false, false},   {"quint8", 1, false, true},  {"qint8", 1, false, true},
    {"qint32", 4, false, true},  {"other", 0, false, false},
};

const Row& row(ElementType type) { return rows[static_cast<size_t>(type)]; }

}  // namespace

size_t byte_size(ElementType type) { return row(type).bytes; }
std::string_view name(ElementType type) { return row(type).name; }
bool is_floating_point(ElementType type) { return row(type).floating_point; }
bool is_quantized(ElementType type) { return row(type).quantized; }

}  // namespace passerelle::graph
