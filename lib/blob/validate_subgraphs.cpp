// Files with control flow: which subgraph refers to which, and what they hand to each other.
#include <algorithm>

#include "passerelle/blob/view.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"
#include "passerelle/support/text.h"
#include "validate.h"
#include "validate_parts.h"

namespace passerelle::blob {
namespace {

using Storage = format::Storage;
using Formals = flatbuffers::Vector<uint32_t>;

constexpr uint32_t most_subgraphs = 4096;
constexpr uint32_t deepest = 32;
constexpr uint32_t most_formals = 4096;

std::string flaw_in_formals(const format::Subgraph& subgraph, const Formals* formals, const char* kind,
                            OperandState from, OperandState to, std::vector<OperandState>& states) {
  if (!formals || formals->size() == 0 || formals->size() > most_formals)
    return text({"it has no formal ", kind, "s, or too many"});
  for (uint32_t operand : *formals) {
    if (operand >= states.size()) return text({"a formal ", kind, " has an operand that does not exist"});
    if (subgraph.operands()->Get(operand)->storage() != Storage::computed || states[operand] != from)
      return text({"a formal ", kind, " has an operand that cannot be one"});
    states[operand] = to;
  }
  return {};
}

/// The operands of one subgraph that stand for those of another.
class Signature {
 public:
  Signature(const format::Model& model, const format::Subgraph& subgraph) : model_(model), subgraph_(subgraph) {}
  void add(uint32_t operand) { operands_.push_back(operand); }
  template <typename List>
  Signature& add_all(const List& list) {
    for (uint32_t operand : list) add(operand);
    return *this;
  }
  Signature first(size_t count) const {
    Signature result(model_, subgraph_);
    result.operands_.assign(operands_.begin(), operands_.begin() + static_cast<std::ptrdiff_t>(count));
    return result;
  }
  size_t size() const { return operands_.size(); }

  bool equals(const Signature& other) const {
    if (size() != other.size()) return false;
    for (size_t i = 0; i < size(); ++i)
      if (!same_type(operand(i), other.operand(i))) return false;
    return true;
  }
  bool is_condition() const {
    const uint32_t* const rank = size() == 1 ? shape(operand(0)) : nullptr;
    return rank && rank[0] == 1 && rank[1] == 1 &&
           operand(0).type() == static_cast<uint8_t>(nnapi::OperandType::TENSOR_BOOL8);
  }

 private:
  const format::Operand& operand(size_t i) const { return *subgraph_.operands()->Get(operands_[i]); }
  const uint32_t* shape(const format::Operand& operand) const {
    return model_.dimensions()->data() + operand.dimensions();
  }
  bool same_type(const format::Operand& a, const format::Operand& b) const {
    const uint32_t *mine = shape(a), *theirs = shape(b);
    if (a.type() != b.type() || a.storage() == Storage::omitted || !std::equal(mine, mine + 1 + *mine, theirs))
      return false;
    if (a.quantization() == b.quantization()) return true;
    if (a.type() == static_cast<uint8_t>(nnapi::OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL)) return false;
    const format::Quantization &one = *model_.quantizations()->Get(a.quantization()),
                               &other = *model_.quantizations()->Get(b.quantization());
    return one.scale() == other.scale() && one.zero_point() == other.zero_point();
  }

  const format::Model& model_;
  const format::Subgraph& subgraph_;
  std::vector<uint32_t> operands_;
};

/// An operation's operands, from its place in the pool on.
struct Operands {
  const format::Subgraph& subgraph;
  const format::Operation& operation;
  uint32_t input(uint32_t i) const { return at(operation.first() + i); }
  uint32_t output(uint32_t i) const { return at(operation.first() + operation.input_count() + i); }
  uint32_t at(uint32_t position) const {
    return subgraph.indexes() ? subgraph.indexes()->Get(position) : subgraph.wide_indexes()->Get(position);
  }
};

class ReferenceCheck {
 public:
  ReferenceCheck(const format::Model& model, const format::Subgraph& subgraph) : model_(model), subgraph_(subgraph) {}

  std::string flaw_in(const format::Operation& operation) const {
    const Operands operands{subgraph_, operation};
    const auto type = static_cast<nnapi::OperationType>(operation.type());
    const uint32_t first_model = type == nnapi::OperationType::IF ? 1 : 0;
    const bool has_models = type == nnapi::OperationType::IF || type == nnapi::OperationType::WHILE;
    for (uint32_t i = 0; i < operation.input_count(); ++i) {
      const bool wanted = has_models && (i == first_model || i == first_model + 1);
      if (is_model(operands.input(i)) != wanted) return wanted ? "does not refer to a model" : "reads a model";
    }
    if (!has_models) return {};
    if (operation.input_count() < first_model + 2) return "has too few inputs";
    const format::Subgraph& first = referred(operands.input(first_model));
    const format::Subgraph& second = referred(operands.input(first_model + 1));
    Signature inputs(model_, subgraph_), outputs(model_, subgraph_);
    for (uint32_t i = first_model + 2; i < operation.input_count(); ++i) inputs.add(operands.input(i));
    for (uint32_t i = 0; i < operation.output_count(); ++i) outputs.add(operands.output(i));
    if (!inputs.equals(taken(first)) || !inputs.equals(taken(second)))
      return "hands over other types than its models take";
    if (type == nnapi::OperationType::IF) {
      Signature condition(model_, subgraph_);
      condition.add(operands.input(0));
      if (!condition.is_condition()) return "has a condition that is none";
      return outputs.equals(given(first)) && outputs.equals(given(second)) ? ""
                                                                           : "gets other types than its models give";
    }
    const Signature state = given(second);
    if (!given(first).is_condition()) return "has a condition that is none";
    const bool fits = state.size() <= inputs.size() && outputs.size() <= state.size() &&
                      state.equals(inputs.first(state.size())) && outputs.equals(state.first(outputs.size()));
    return fits ? "" : "has a body whose state does not fit";
  }

 private:
  bool is_model(uint32_t operand) const { return subgraph_.operands()->Get(operand)->storage() == Storage::subgraph; }
  const format::Subgraph& referred(uint32_t operand) const {
    return *model_.subgraphs()->Get(subgraph_.operands()->Get(operand)->value());
  }
  Signature taken(const format::Subgraph& subgraph) const {
    return Signature(model_, subgraph).add_all(*subgraph.formal_inputs());
  }
  Signature given(const format::Subgraph& subgraph) const {
    return Signature(model_, subgraph).add_all(*subgraph.formal_outputs());
  }

  const format::Model& model_;
  const format::Subgraph& subgraph_;
};

/// Tables may be one and the same in a hostile file: together they are no larger than the head.
std::string flaw_in_sizes(const format::Model& model, uint64_t head_size) {
  uint64_t bytes = 0;
  for (const format::Subgraph* subgraph : *model.subgraphs()) {
    const uint64_t formals = (subgraph->formal_inputs() ? subgraph->formal_inputs()->size() : 0) +
                             (subgraph->formal_outputs() ? subgraph->formal_outputs()->size() : 0);
    bytes += uint64_t{subgraph->operands()->size()} * sizeof(format::Operand) +
             uint64_t{subgraph->operations()->size()} * sizeof(format::Operation) + formals * sizeof(uint32_t);
    if (bytes > head_size) return "its subgraphs overlap";
  }
  return {};
}

}  // namespace

std::string flaw_in_formal_inputs(const format::Subgraph& subgraph, std::vector<OperandState>& states) {
  if (subgraph.inputs()->size() != 0 || subgraph.outputs()->size() != 0) return "it has ports, but is not the model";
  return flaw_in_formals(subgraph, subgraph.formal_inputs(), "input", OperandState::unset, OperandState::input, states);
}

std::string flaw_in_formal_outputs(const format::Subgraph& subgraph, std::vector<OperandState>& states) {
  return flaw_in_formals(subgraph, subgraph.formal_outputs(), "output", OperandState::made, OperandState::output,
                         states);
}

std::string flaw_in_subgraphs(const format::Model& model, uint64_t head_size) {
  const auto& subgraphs = *model.subgraphs();
  const uint32_t most = model.version_major() < control_flow_version ? 1 : most_subgraphs;
  if (subgraphs.size() == 0 || subgraphs.size() > most)
    return text({"it has ", subgraphs.size(), " subgraphs", most == 1 ? " instead of 1" : ""});
  if (subgraphs.Get(0)->formal_inputs() || subgraphs.Get(0)->formal_outputs())
    return "its model has formal inputs in the place of ports";
  return flaw_in_sizes(model, head_size);
}

std::string flaw_in_references(const format::Model& model) {
  const auto& subgraphs = *model.subgraphs();
  std::vector<uint32_t> depths(subgraphs.size(), 0);
  for (uint32_t index = 0; index < subgraphs.size(); ++index) {
    const format::Subgraph& subgraph = *subgraphs.Get(index);
    if (index > 0 && depths[index] == 0) return text({"nothing refers to subgraph ", index});
    if (depths[index] > deepest) return "its subgraphs are nested too deep";
    for (const format::Operand* operand : *subgraph.operands())
      if (operand->storage() == format::Storage::subgraph)
        depths[operand->value()] = std::max(depths[operand->value()], depths[index] + 1);
    const ReferenceCheck check(model, subgraph);
    for (uint32_t operation = 0; operation < subgraph.operations()->size(); ++operation) {
      const std::string reason = check.flaw_in(*subgraph.operations()->Get(operation));
      if (!reason.empty() && index == 0) return text({"operation ", operation, " ", reason});
      if (!reason.empty()) return text({"in subgraph ", index, ", operation ", operation, " ", reason});
    }
  }
  return {};
}

}  // namespace passerelle::blob
