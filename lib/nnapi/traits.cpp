#include "passerelle/nnapi/traits.h"

#include <algorithm>
#include <string>

#include "passerelle/support/check.h"
#include "signature.h"

namespace passerelle::nnapi {
namespace {

struct Row {
  OperationType operation;
  Axes axes;
  std::string_view arguments;
  Elements elements;
};

constexpr Row rows[] = {
#define PASSERELLE_TRAITS(operation, axes, arguments, elements) \
  {OperationType::operation, Axes::axes, arguments, Elements::elements},
#include "passerelle/nnapi/traits.def"
#undef PASSERELLE_TRAITS
};

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

bool fuses_activation(OperationType operation) {
  const std::vector<Parameter>& inputs = signatures(operation)[0].inputs;
  return std::any_of(inputs.begin(), inputs.end(), [](const Parameter& each) { return each.rule == TypeRule::fuse; });
}

std::vector<Traits> read_table() {
  std::vector<Traits> table(all_operation_types().size());
  check(std::size(rows) == table.size(), "every operation has one row in traits.def");
  for (const Row& row : rows)
    table[static_cast<size_t>(row.operation)] = {row.axes, words(row.arguments), row.elements,
                                                 fuses_activation(row.operation)};
  return table;
}

}  // namespace

const Traits& traits(OperationType type) {
  static const std::vector<Traits> table = read_table();
  return table[static_cast<size_t>(type)];
}

std::optional<AffineQuantization> prescribed_quantization(OperationType operation, OperandType type,
                                                          const AffineQuantization& operand) {
  const Parameter& result = signatures(operation)[0].outputs[0];
  if (result.fixed_scale != 0) return fixed_quantization(result, type);
  if (result.quantized_like.empty()) return std::nullopt;
  return operand;
}

}  // namespace passerelle::nnapi
