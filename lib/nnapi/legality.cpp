#include "passerelle/nnapi/legality.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "call.h"
#include "signature.h"

namespace passerelle::nnapi {
namespace {

/// How far the operands followed a signature before they left it, and why they did.
struct Mismatch {
  size_t matched = 0;
  std::string reason;
};

std::string a_or_b(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string names_of(TypeSet types) {
  std::vector<std::string> names;
  for (int32_t code = 0; std::optional<OperandType> type = operand_type_from_code(code); ++code)
    if (types.contains(*type)) names.emplace_back(name(*type));
  return a_or_b(names);
}

std::string of(OperationType operation, std::string_view parameter) {
  return std::string(name(operation)) + "'s " + std::string(parameter);
}

/// "SPLIT takes 3 inputs, not 2", of all the signatures.
std::string wrong_count(OperationType operation, bool of_inputs, size_t count) {
  std::set<size_t> possible;
  constexpr size_t longest_list = 64;
  for (const Signature& signature : signatures(operation)) {
    const std::vector<Parameter>& parameters = of_inputs ? signature.inputs : signature.outputs;
    for (size_t n = 1; n <= longest_list; ++n)
      if (!assign(parameters, n).empty()) possible.insert(n);
  }
  std::vector<std::string> counts;
  for (size_t n : possible) counts.push_back(std::to_string(n));
  std::string numbers = possible.count(longest_list) ? "at least " + counts.front() : a_or_b(counts);
  std::string things = std::string(of_inputs ? " input" : " output") + (numbers == "1" ? "" : "s");
  return std::string(name(operation)) + (of_inputs ? " takes " : " gives ") + numbers + things + ", not " +
         std::to_string(count);
}

/// The operand whose type is T: the first parameter that is T alone.
const OperandView* bearer_of_type(const std::vector<const Parameter*>& parameters, Span<const OperandView> operands) {
  for (size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i]->rule == TypeRule::same) return &operands[i];
  return nullptr;
}

std::optional<Mismatch> type_mismatch(const Signature& signature, const std::vector<const Parameter*>& parameters,
                                      Span<const OperandView> operands, OperandType type, size_t matched) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    TypeSet accepted = accepted_types(*parameters[i], type);
    if (accepted.contains(operands[i].type)) continue;
    return Mismatch{matched + i, of(signature.operation, parameters[i]->name) + " must be " + names_of(accepted) +
                                     ", not " + std::string(name(operands[i].type))};
  }
  return std::nullopt;
}

/// What each operand is by itself, and the levels that its type and its place in the list bring.
void check_operands(Call& call, const std::vector<const Parameter*>& parameters, Span<const OperandView> operands) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = *parameters[i];
    const OperandView& operand = operands[i];
    std::string subject = of(call.operation(), parameter.name);
    Legality alone = legality(operand);
    call.require(bool(alone), subject + ": " + alone.reason);
    call.require(parameter.optional || !operand.omitted, subject + " can't be left out");
    call.needs(parameter.level, subject);
    bool by_type = is_tensor(operand.type) && alone.level == introduced(operand.type);
    bool by_rank = is_tensor(operand.type) && !by_type;
    call.needs(alone.level, by_type ? std::string(name(operand.type)) : subject + (by_rank ? " of unknown rank" : ""));
  }
}

/// The verdict where the operands fit the signature in number and type.
std::optional<Legality> judge(const Signature& signature, Span<const OperandView> inputs,
                              Span<const OperandView> outputs, Mismatch& mismatch) {
  std::vector<const Parameter*> in = assign(signature.inputs, inputs.size());
  std::vector<const Parameter*> out = assign(signature.outputs, outputs.size());
  if (in.empty() || out.empty()) {
    mismatch.reason = in.empty() ? wrong_count(signature.operation, true, inputs.size())
                                 : wrong_count(signature.operation, false, outputs.size());
    mismatch.matched = in.empty() ? 0 : 1;
    return std::nullopt;
  }

  const OperandView* bearer = bearer_of_type(in, inputs);
  if (!bearer) bearer = bearer_of_type(out, outputs);
  OperandType type = bearer ? bearer->type : OperandType::TENSOR_FLOAT32;
  TypeChoice choice{type, introduced(signature.operation)};
  if (bearer) {
    auto row = std::find_if(signature.types.begin(), signature.types.end(),
                            [type](const TypeChoice& each) { return each.type == type; });
    if (row == signature.types.end()) {
      mismatch = {2, std::string(name(signature.operation)) + " takes no " + std::string(name(type))};
      return std::nullopt;
    }
    choice = *row;
  }
  std::optional<Mismatch> wrong = type_mismatch(signature, in, inputs, type, 3);
  if (!wrong) wrong = type_mismatch(signature, out, outputs, type, 3 + in.size());
  if (wrong) {
    mismatch = *wrong;
    return std::nullopt;
  }

  Call call(signature, type, inputs, outputs);
  call.needs(choice.level, std::string(name(signature.operation)) + " of " + std::string(name(type)));
  check_operands(call, in, inputs);
  check_operands(call, out, outputs);
  for (size_t i = 0; i < out.size(); ++i)
    call.require(!outputs[i].is_constant, of(signature.operation, out[i]->name) + " can't be a constant");
  if (call.legality()) check_parameters(call);
  if (call.legality()) check_own_rules(call);  // they rely on ranks and on what can't be left out
  return call.legality();
}

}  // namespace

Legality legality(OperationType type, Span<const OperandView> inputs, Span<const OperandView> outputs) {
  Mismatch nearest;
  for (const Signature& signature : signatures(type)) {
    Mismatch mismatch;
    if (std::optional<Legality> verdict = judge(signature, inputs, outputs, mismatch)) return *verdict;
    if (nearest.reason.empty() || mismatch.matched > nearest.matched) nearest = mismatch;
  }
  return {0, nearest.reason};
}

}  // namespace passerelle::nnapi
