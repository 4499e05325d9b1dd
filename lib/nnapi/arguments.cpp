#include "passerelle/nnapi/arguments.h"

#include <vector>

#include "signature.h"

namespace passerelle::nnapi {
namespace {

ArgumentKind kind_of(const Parameter& parameter) {
  switch (parameter.rule) {
    case TypeRule::integer:
    case TypeRule::natural:
    case TypeRule::positive:
    case TypeRule::fuse: return ArgumentKind::integer;
    case TypeRule::real:
    case TypeRule::value: return ArgumentKind::real;
    case TypeRule::boolean: return ArgumentKind::boolean;
    case TypeRule::model: return ArgumentKind::model;
    default: break;
  }
  if (parameter.repeated) return ArgumentKind::tensors;
  return parameter.optional ? ArgumentKind::optional_tensor : ArgumentKind::tensor;
}

using Arguments = std::vector<ArgumentSpec>;

Arguments arguments_of(OperationType type) {
  Arguments arguments;
  for (const Parameter& parameter : signatures(type)[0].inputs)
    arguments.push_back({parameter.name, kind_of(parameter), parameter.default_value});
  return arguments;
}

}  // namespace

Span<const ArgumentSpec> argument_table(OperationType type) {
  static const std::vector<Arguments> table = [] {
    std::vector<Arguments> rows;
    for (OperationType operation : all_operation_types()) rows.push_back(arguments_of(operation));
    return rows;
  }();
  return table[static_cast<size_t>(type)];
}

int argument_index(OperationType type, std::string_view name) {
  Span<const ArgumentSpec> table = argument_table(type);
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace passerelle::nnapi
