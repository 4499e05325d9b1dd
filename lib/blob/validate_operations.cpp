#include "facts.h"
#include "passerelle/blob/view.h"
#include "passerelle/support/text.h"
#include "validate_parts.h"

namespace passerelle::blob {
namespace {

constexpr uint32_t most_narrow_operands = 65536;

uint32_t pool_size(const format::Subgraph& subgraph) {
  return subgraph.indexes() ? subgraph.indexes()->size() : subgraph.wide_indexes()->size();
}

uint32_t operand_at(const format::Subgraph& subgraph, uint32_t position) {
  return subgraph.indexes() ? subgraph.indexes()->Get(position) : subgraph.wide_indexes()->Get(position);
}

std::string flaw_in_pool(const format::Subgraph& subgraph) {
  const bool narrow = subgraph.operands()->size() <= most_narrow_operands;
  if ((subgraph.indexes() != nullptr) != narrow || (subgraph.wide_indexes() != nullptr) == narrow)
    return "its indexes of operands have the wrong width";
  return {};
}

bool is_computed(const format::Subgraph& subgraph, uint32_t operand) {
  return subgraph.operands()->Get(operand)->storage() == format::Storage::computed;
}

std::string flaw_in_header(const format::Model& model, const format::Subgraph& subgraph,
                           const format::Operation& operation, uint64_t first) {
  if (operation.type() >= operation_type_count) return text({"has the unknown type ", operation.type()});
  const OperationFacts& facts = operation_facts[operation.type()];
  if (facts.level > model.feature_level())
    return text({"is a ", facts.name, ", which the model's feature level lacks"});
  if (operation.reserved() != 0) return "uses reserved bytes";
  if (operation.output_count() == 0) return "has no output";
  if (operation.first() != first) return "does not follow the operation before it";
  if (first + operation.input_count() + operation.output_count() > pool_size(subgraph))
    return "has operands that are cut off";
  return {};
}

std::string flaw_in_operation(const format::Model& model, const format::Subgraph& subgraph,
                              const format::Operation& operation, uint64_t& first, std::vector<OperandState>& states) {
  std::string reason = flaw_in_header(model, subgraph, operation, first);
  if (!reason.empty()) return reason;
  const uint32_t inputs_end = static_cast<uint32_t>(first) + operation.input_count();
  const uint32_t outputs_end = inputs_end + operation.output_count();
  for (uint32_t position = static_cast<uint32_t>(first); position < outputs_end; ++position)
    if (operand_at(subgraph, position) >= states.size())
      return text({"has an operand ", operand_at(subgraph, position), " that does not exist"});
  for (uint32_t position = static_cast<uint32_t>(first); position < inputs_end; ++position) {
    const uint32_t operand = operand_at(subgraph, position);
    if (is_computed(subgraph, operand) && states[operand] == OperandState::unset)
      return text({"reads operand ", operand, " before it is made"});
  }
  for (uint32_t position = inputs_end; position < outputs_end; ++position) {
    const uint32_t operand = operand_at(subgraph, position);
    if (!is_computed(subgraph, operand) || states[operand] != OperandState::unset)
      return text({"writes operand ", operand, ", which has a value already"});
    states[operand] = OperandState::made;
  }
  first = outputs_end;
  return {};
}

}  // namespace

std::string flaw_in_operations(const format::Model& model, const format::Subgraph& subgraph,
                               std::vector<OperandState>& states) {
  std::string reason = flaw_in_pool(subgraph);
  if (!reason.empty()) return reason;
  const auto& operations = *subgraph.operations();
  if (operations.size() == 0) return "it has no operation";
  uint64_t first = 0;
  for (uint32_t index = 0; index < operations.size(); ++index) {
    reason = flaw_in_operation(model, subgraph, *operations.Get(index), first, states);
    if (!reason.empty()) return text({"operation ", index, " ", reason});
  }
  if (first != pool_size(subgraph)) return "it has indexes of operands that belong to no operation";
  for (uint32_t operand = 0; operand < states.size(); ++operand)
    if (is_computed(subgraph, operand) && states[operand] == OperandState::unset)
      return text({"operand ", operand, " is made by no operation"});
  return {};
}

}  // namespace passerelle::blob
